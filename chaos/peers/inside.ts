// The part that talks to hosts: run by `runPeers` within the lab's network. Its last line on standard output is JSON.
import { Lab } from '../../lab/lab.js';
import { openAnsible } from './ansible.js';
import { openCapistrano } from './capistrano.js';
import { killed, type Killed } from './kill.js';
import { webHosts } from './peer.js';
import { openSafeguard } from './safeguard.js';

const [name = '', runs = '1'] = process.argv.slice(2);
const lab = await Lab.open(name);
await lab.assertContained();
const found: Killed[] = [];
for (const open of [openAnsible, openCapistrano, openSafeguard]) {
  for (let run = 0; run < Number(runs); run += 1) {
    for (const stopped of [1, webHosts(lab).length]) {
      const one = await killed(lab, open, stopped);
      console.error(JSON.stringify(one));
      found.push(one);
    }
  }
}
console.log(JSON.stringify(found));
