import { join } from 'node:path';
import { Client, type WorkflowHandleWithSignaledRunId } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { temporalTestServer } from '../../setup/temporal-test-server.js';
import { bundleWorkflows } from '../../src/adapters/workflow-bundle.js';
import type { EnvironmentStatus } from '../../src/workflows/messages.js';
