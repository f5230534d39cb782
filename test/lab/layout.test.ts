import { describe, expect, test } from '@jest/globals';
import { checkLabName, hostNamespace, planHosts, subnet } from '../../lab/layout.js';
import { sshCommand } from '../../lab/ssh.js';

describe('the plan of a lab', () => {
  test('has its web hosts and one database host in its own network', () => {
    expect(planHosts(7, 2)).toEqual([
      { name: 'web-1', role: 'web', address: '10.77.7.11' },
      { name: 'web-2', role: 'web', address: '10.77.7.12' },
      { name: 'db-1', role: 'db', address: '10.77.7.201' },
    ]);
    expect(subnet(7)).toBe('10.77.7.0/24');
  });

  test('has distinct addresses at its largest', () => {
    const addresses = planHosts(0, 150).map(({ address }) => address);
    expect(new Set(addresses).size).toBe(151);
  });

  test.each([-1, 1.5, 151, Number.NaN])('refuses %d web hosts', (web) => {
    expect(() => planHosts(0, web)).toThrow('A lab has 0 to 150 web hosts');
  });

  test.each(['', 'Lab', '1lab', 'a.b', 'a/b', '../lab', '.slots', 'x'.repeat(31)])(
    'refuses the name %p',
    (name) => {
      expect(() => checkLabName(name)).toThrow("cannot be a lab's name");
    },
  );

  test('no host namespace can be taken for a lab or for a host of another lab', () => {
    // A lab's name has no dot in it.
    expect(hostNamespace('a', 'web-1')).toBe('sg-a.web-1');
  });
});

test('ssh always checks the host key and never asks', () => {
  const argv = sshCommand({ key: '/k', knownHosts: '/h', user: 'deploy', address: '10.77.0.11' });
  expect(argv).toEqual(
    expect.arrayContaining(['StrictHostKeyChecking=yes', 'UserKnownHostsFile=/h', 'BatchMode=yes']),
  );
  expect(argv.at(-1)).toBe('deploy@10.77.0.11');
});
