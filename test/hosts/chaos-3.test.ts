import { testRuns } from './chaos-runs.js';

testRuns([
  [11, 92],
  [1, 79],
  [6, 121],
  [1, 35],
]);
