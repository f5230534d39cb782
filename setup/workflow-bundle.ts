import { prebuildWorkflows } from '../src/adapters/workflow-bundle.js';

// Part of the build: workers start without bundling workflows themselves, which takes seconds of processor time.
await prebuildWorkflows();
