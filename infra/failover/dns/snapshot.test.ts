import { expect, it } from '@jest/globals';
import type { Failover } from './config.js';
import { activeSite } from './snapshot.js';

const sites = [
  { name: 'a', addresses: ['192.0.2.1', '2001:db8::1'] },
  { name: 'b', addresses: ['192.0.2.2', '2001:db8::2'] },
] as unknown as Failover['sites'];

/** Where the name points to when all servers say this. */
function active(site: string | null, addresses: readonly string[], hidden = false): string | null {
  const mark = site === null ? null : { epoch: 7, site };
  return activeSite({ sites }, { servers: [], agreed: { addresses, mark } }, hidden);
}

it('belongs to the site whose addresses and mark stand together', () => {
  expect(active('a', ['192.0.2.1', '2001:db8::1'])).toBe('a');
  expect(active('b', ['2001:DB8:0::2', '192.0.2.2'])).toBe('b');
});

it.each([
  ['the mark is of the other site', 'b', ['192.0.2.1', '2001:db8::1']],
  ['one family is of the other site', 'a', ['192.0.2.1', '2001:db8::2']],
  ['one family was taken away', 'a', ['192.0.2.1']],
  ['somebody added an address', 'a', ['192.0.2.1', '2001:db8::1', '192.0.2.9']],
  ['there is no mark', null, ['192.0.2.1', '2001:db8::1']],
  ['the site is not known', 'c', ['192.0.2.1', '2001:db8::1']],
] as const)('belongs to nobody when %s', (_, site, addresses) => {
  expect(active(site, addresses)).toBeNull();
});

it('goes by the mark alone where the world sees the provider’s own addresses, and by nothing without agreement', () => {
  expect(active('a', ['203.0.113.1', '2001:db8:ffff::1'], true)).toBe('a');
  expect(activeSite({ sites }, { servers: [], agreed: null }, true)).toBeNull();
});
