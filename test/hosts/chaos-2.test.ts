import { testRuns } from './chaos-runs.js';

testRuns([
  [8, 82],
  [1, 26],
  [1, 58],
  [1, 13],
]);
