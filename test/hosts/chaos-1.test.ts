import { testRuns } from './chaos-runs.js';

// Together with the other two files: every fault and every scenario, and short ones.
testRuns([
  [1, 5],
  [4, 59],
  [33, 34],
  [1, 37],
]);
