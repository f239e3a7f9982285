import { describe, expect, it } from '@jest/globals';
import type { Evidence } from './evidence.js';
import { recommend } from './recommend.js';

const TEXT = "default-src 'self'; script-src 'self'; object-src 'none'";

let groups = 0;

function accepted(more: Partial<Evidence>): Evidence {
  return {
    ...{ id: `g${(groups += 1)}`, directive: 'img-src', blockedKind: 'url', noise: false },
    ...{ blockedOrigin: 'https://cdn.test', blockedUrl: 'https://cdn.test/a' },
    ...{ documentOrigins: ['https://tienda.example'], verdict: 'accepted', resolution: null },
    ...more,
  };
}

function kind(
  blockedKind: string,
  directive: string,
  blockedOrigin: string | null = null,
): Evidence {
  return accepted({
    ...{ blockedKind: blockedKind as Evidence['blockedKind'], directive, blockedOrigin },
    blockedUrl: null,
  });
}

/** What an accepted group adds to a policy by itself, and what it never does. */
describe('a recommendation', () => {
  it.each<[string, Evidence, string]>([
    ['an origin', accepted({}), "img-src 'self' https://cdn.test"],
    [
      'the page itself',
      accepted({
        ...{ directive: 'frame-src', blockedKind: 'self', blockedOrigin: null, blockedUrl: null },
        documentOrigins: ['https://tienda.example'],
      }),
      "default-src 'self'",
    ],
    [
      'a script, where browsers old and new look',
      accepted({ directive: 'script-src-elem' }),
      "script-src 'self' https://cdn.test",
    ],
    ["instead of 'none'", accepted({ directive: 'object-src' }), 'object-src https://cdn.test'],
  ])('adds %s and nothing else', (_, group, wanted) => {
    const { text, unresolved } = recommend(TEXT, [group]);
    expect([text.split('; ').includes(wanted), unresolved]).toEqual([true, []]);
  });

  it.each<[string, Evidence]>([
    ['inline script', kind('inline', 'script-src-elem')],
    ['an inline attribute', kind('inline', 'script-src-attr')],
    ['inline style', kind('inline', 'style-src-elem')],
    ['eval', kind('eval', 'script-src')],
    ['WebAssembly', kind('wasm-eval', 'script-src')],
    ['a Trusted Types sink', kind('trusted-types-sink', 'require-trusted-types-for')],
    ['a Trusted Types policy', kind('trusted-types-policy', 'trusted-types')],
    ['data:', kind('data', 'img-src')],
    ['blob:', kind('blob', 'worker-src')],
    ['another scheme', kind('scheme', 'img-src', 'filesystem:')],
    [
      'an address',
      accepted({ blockedOrigin: 'https://10.0.0.5', blockedUrl: 'https://10.0.0.5/a' }),
    ],
    [
      'an address of IPv6',
      accepted({ blockedOrigin: 'https://[::1]', blockedUrl: 'https://[::1]/' }),
    ],
  ])('leaves %s to a person', (_, group) => {
    const policy = `${TEXT}; require-trusted-types-for 'script'; trusted-types one`;
    const { text, additions, unresolved, nonces } = recommend(policy, [group]);
    expect([text, additions, nonces]).toEqual([policy, [], []]);
    expect(unresolved).toMatchObject([{ groupId: group.id }]);
  });

  it("adds no origin beside 'strict-dynamic', where it would not count", () => {
    const policy = "script-src 'strict-dynamic' 'sha256-AAAA'";
    const { text, unresolved } = recommend(policy, [accepted({ directive: 'script-src-elem' })]);
    expect([text, unresolved.length]).toEqual([policy, 1]);
  });

  it("asks for 'unsafe-hashes' before it gives an attribute its hash", () => {
    const resolution: Evidence['resolution'] = { how: 'hash', hashes: ['sha256-AAAA'] };
    const group = { ...kind('inline', 'script-src-attr'), resolution };
    expect(recommend(TEXT, [group]).unresolved).toHaveLength(1);
    const policy = "script-src 'self' 'unsafe-hashes'";
    expect(recommend(policy, [group]).text).toBe(`${policy} 'sha256-AAAA'`);
  });

  it('adds nothing for what is pending, rejected, refused, allowed already, or the canary', () => {
    const others = [
      accepted({ verdict: 'pending' }),
      accepted({ verdict: 'rejected' }),
      accepted({ resolution: { how: 'refuse', hashes: [] } }),
      accepted({
        blockedOrigin: 'https://tienda.example',
        blockedUrl: 'https://tienda.example/a.png',
      }),
      accepted({
        ...{ blockedOrigin: 'https://csp-canary.invalid' },
        blockedUrl: 'https://csp-canary.invalid/beat',
      }),
    ];
    expect(recommend(TEXT, others)).toEqual({
      ...{ text: TEXT, additions: [], unresolved: [], nonces: [] },
    });
  });
});
