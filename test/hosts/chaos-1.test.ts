import { testRuns } from './chaos-runs.js';

// Together with the other two files: every fault and every scenario, and short ones.
testRuns([
  [2, 67],
  [5, 38],
  [1, 22],
  [7, 93],
]);
