import { testRuns } from './chaos-runs.js';

testRuns([
  [12, 35],
  [11, 28],
  [8, 33],
  [1, 31],
]);
