import { testRuns } from './chaos-runs.js';

testRuns([
  [22, 3],
  [1, 2],
  [1, 10],
  [1, 23],
]);
