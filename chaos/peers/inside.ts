// The part that talks to hosts: run by `runPeers` within the lab's network. Its last line on standard output is JSON.
import { Lab } from '../../lab/lab.js';
import { ansiblePeer } from '../../peers/ansible.js';
import { capistranoPeer } from '../../peers/capistrano.js';
import { webHosts } from '../../peers/hosts.js';
import { killed, type Killed } from './kill.js';
import type { OpenPeer } from './peer.js';
import { openSafeguard } from './safeguard.js';
import { ofShop } from './shop.js';
import { TOOLS, type Tool } from './tools.js';

const OPEN: Readonly<Record<Tool, OpenPeer>> = {
  ansible: ofShop(ansiblePeer),
  capistrano: ofShop(capistranoPeer),
  safeguard: openSafeguard,
};

const [runs = '1', ...tools] = process.argv.slice(2);
const lab = await Lab.open(process.env['SAFEGUARD_LAB']);
await lab.assertContained();
const found: Killed[] = [];
for (const tool of TOOLS.filter((known) => tools.includes(known))) {
  for (let run = 0; run < Number(runs); run += 1) {
    for (const stopped of [1, webHosts(lab).length]) {
      const one = await killed(lab, OPEN[tool], stopped);
      console.error(JSON.stringify(one));
      found.push(one);
    }
  }
}
console.log(JSON.stringify(found));
