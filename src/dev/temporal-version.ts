/** The newest CLI that also builds from its Go module; carries server 1.29.1 and its Web UI 2.42.1. */
export const TEMPORAL_CLI_VERSION = '1.5.1';
