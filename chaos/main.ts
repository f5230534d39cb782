import { carryOutRuns } from './carry-out.js';
import { describeMutations, runMutations } from './mutations/main.js';
import { parseOptions, type MutationsWish, type PeersWish } from './options.js';
import { describePeers, runPeers } from './peers/main.js';

/** True when every safeguard that was switched off was missed. */
async function mutations({ json, ...wish }: MutationsWish): Promise<boolean> {
  const ends = await runMutations(wish);
  console.log(describeMutations(ends));
  if (json) console.log(JSON.stringify(ends));
  return ends.every(({ verdict }) => verdict === 'found');
}

async function peers({ json, ...wish }: PeersWish): Promise<boolean> {
  const killed = await runPeers(wish);
  console.log(describePeers(killed));
  if (json) console.log(JSON.stringify(killed));
  return true;
}

const wish = parseOptions(process.argv.slice(2));
const isWell =
  wish.kind === 'runs'
    ? await carryOutRuns(wish)
    : wish.kind === 'mutations'
      ? await mutations(wish)
      : await peers(wish);
process.exitCode = isWell ? 0 : 1;
