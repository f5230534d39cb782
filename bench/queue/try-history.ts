import { writeFile } from 'node:fs/promises';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { CampusLab, ended } from '../../test/hosts/campus-lab.js';
const n = Number(process.argv[2]);
const campus = await CampusLab.open({}, n);
try {
  await campus.startWorker();
  for (const v of ['1.0.0', '2.0.0']) { 
    await campus.release(v);
    const run = await campus.start(v);
    console.log((await ended(run)).message);
    const h = await run.fetchHistory();
    console.log(v, h.events?.length);
    await writeFile(`/tmp/load/${v}-${n}.json`, historyToJSON(h));
  }
} finally { await campus.close(); }
