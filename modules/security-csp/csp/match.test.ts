import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { cspCases } from '#test';
import { DEVIATIONS } from './deviations.js';
import { decide } from './match.js';
import type { Attempt } from './match.js';

const pageUrl = 'https://page.test/';

function chromium(policy: string, attempt: Omit<Attempt, 'pageUrl'>): boolean | undefined {
  return decide(policy, { pageUrl, ...attempt }, 'chromium')?.allowed;
}

/** Each row was shown to a real Chromium; test/ops shows them again to the one at hand. */
describe('a URL against a policy', () => {
  it.each(cspCases.map((row) => [`${row.policy} | ${row.url} on ${row.pageUrl}`, row] as const))(
    '%s',
    (_, { policy, directive, url, pageUrl, nonce, ...wanted }) => {
      const attempt = { pageUrl, directive, url, nonce, parserInserted: false };
      const verdicts = (['chromium', 'csp3'] as const).map(
        (dialect) => decide(policy, attempt, dialect)?.allowed,
      );
      expect(verdicts).toEqual([wanted.chromium === 'allow', wanted.standard === 'allow']);
    },
  );

  it('names what let it through, or what did not', () => {
    const attempt = { pageUrl, directive: 'script-src-elem', url: 'https://b.test/x.js' };
    const policy = "default-src 'self'; script-src a.test https://b.test";
    expect(decide(policy, attempt, 'csp3')).toEqual({
      allowed: true,
      directive: 'script-src',
      source: 'https://b.test',
      reason: 'script-src has https://b.test',
    });
    const refused = decide(policy, { ...attempt, directive: 'img-src' }, 'csp3');
    expect(refused).toMatchObject({ allowed: false, directive: 'default-src' });
    expect(refused).not.toHaveProperty('source');
  });

  it('lets every policy of a header have its say', () => {
    const attempt = { directive: 'img-src', url: 'https://a.test/x' };
    expect(chromium('img-src a.test, default-src *', attempt)).toBe(true);
    expect(chromium("img-src a.test, default-src 'none'", attempt)).toBe(false);
    expect(chromium('', attempt)).toBe(true);
  });

  it('forgets paths after a redirect and not the rest', () => {
    const attempt = { directive: 'img-src', url: 'https://a.test/other' };
    expect(chromium('img-src a.test/p', attempt)).toBe(false);
    expect(chromium('img-src a.test/p', { ...attempt, redirected: true })).toBe(true);
    expect(chromium('img-src b.test/p', { ...attempt, redirected: true })).toBe(false);
  });

  it('knows the words of reports', () => {
    expect(chromium("img-src 'self'", { directive: 'img-src', url: 'data' })).toBe(false);
    expect(chromium('img-src data:', { directive: 'img-src', url: 'data' })).toBe(true);
    expect(chromium('frame-src blob:', { directive: 'frame-src', url: 'blob' })).toBe(true);
    expect(chromium("img-src 'self'", { directive: 'img-src', url: 'self' })).toBe(true);
    expect(chromium("img-src 'self'", { directive: 'img-src', url: 'https://' })).toBeUndefined();
  });

  it('takes nothing for itself on a page without an origin', () => {
    const page = { pageUrl: 'data:text/html,x', directive: 'img-src', url: 'https://a.test/x' };
    for (const dialect of ['csp3', 'chromium'] as const) {
      expect(decide("img-src 'self' a.test", page, dialect)?.allowed).toBe(false);
      expect(decide('img-src https://a.test', page, dialect)?.allowed).toBe(true);
    }
  });
});

describe('what has no URL', () => {
  const text = 'a();';
  const hash = `sha256-${createHash('sha256').update(text).digest('base64')}`;
  const url64 = `sha512-${createHash('sha512').update(text).digest('base64url')}==`;
  const hashes = [hash, `sha512-${createHash('sha512').update(text).digest('base64')}`];

  it.each([
    ["script-src 'self'", 'elem', false],
    ["script-src 'unsafe-inline'", 'elem', true],
    ["script-src 'unsafe-inline' 'nonce-x'", 'elem', false],
    ["script-src 'unsafe-inline' 'strict-dynamic'", 'elem', false],
    [`script-src '${hash}'`, 'elem', true],
    [`script-src '${url64}'`, 'elem', true],
    [`script-src '${hash}'`, 'attr', false],
    [`script-src '${hash}' 'unsafe-hashes'`, 'attr', true],
    ["script-src-elem 'unsafe-inline'; script-src 'none'", 'elem', true],
    ["script-src-elem 'unsafe-inline'; script-src 'none'", 'attr', false],
    ["img-src 'none'", 'elem', true],
    ["default-src 'none'", 'attr', false],
  ])('%s: inline script, %s: %s', (policy, kind, allowed) => {
    const attempt = { directive: `script-src-${kind}`, url: 'inline', hashes };
    expect(chromium(policy, attempt)).toBe(allowed);
  });

  it('takes a nonce for an element and not for an attribute', () => {
    const attempt = { url: 'inline', nonce: 'x' };
    const policy = "script-src 'nonce-x'; style-src 'nonce-x'";
    for (const family of ['script-src', 'style-src']) {
      expect(chromium(policy, { ...attempt, directive: `${family}-elem` })).toBe(true);
      expect(chromium(policy, { ...attempt, directive: `${family}-attr` })).toBe(false);
      const wrong = { ...attempt, nonce: 'X', directive: `${family}-elem` };
      expect(chromium(policy, wrong)).toBe(false);
    }
  });

  it('asks the family of scripts about eval', () => {
    const asked = { directive: 'script-src', url: 'eval' };
    expect(chromium("script-src 'unsafe-eval'; script-src-elem 'none'", asked)).toBe(true);
    expect(chromium("script-src-elem 'unsafe-eval'; default-src 'self'", asked)).toBe(false);
    const wasm = { directive: 'script-src', url: 'wasm-eval' };
    expect(chromium("default-src 'wasm-unsafe-eval'", wasm)).toBe(true);
    expect(chromium("default-src 'wasm-unsafe-eval'", asked)).toBe(false);
  });

  it('takes a script by its integrity only when all of it is named', () => {
    const asked = { directive: 'script-src-elem', url: 'https://a.test/x.js' };
    expect(chromium(`script-src '${hash}'`, { ...asked, hashes: [hash] })).toBe(true);
    expect(chromium(`script-src '${hash}'`, { ...asked, hashes })).toBe(false);
    expect(chromium(`script-src '${hash}'`, asked)).toBe(false);
  });

  it('keeps strict-dynamic for what a script loads', () => {
    const asked = { directive: 'script-src-elem', url: 'https://a.test/x.js' };
    const policy = "script-src 'nonce-x' 'strict-dynamic' https:";
    expect(chromium(policy, asked)).toBe(false);
    expect(chromium(policy, { ...asked, parserInserted: false })).toBe(true);
    expect(chromium(policy, { ...asked, nonce: 'x' })).toBe(true);
  });

  it('knows Trusted Types', () => {
    const sink = { directive: 'require-trusted-types-for', url: 'trusted-types-sink' };
    expect(chromium("require-trusted-types-for 'script'", sink)).toBe(false);
    expect(chromium("default-src 'none'", sink)).toBe(true);
    const made = { directive: 'trusted-types', url: 'trusted-types-policy' };
    expect(chromium('trusted-types *', made)).toBe(true);
    expect(chromium('trusted-types one', made)).toBe(false);
  });
});

it.each(DEVIATIONS.map((deviation) => [deviation.id, deviation] as const))(
  'Chromium differs: %s',
  (_, { policy, attempt, allowed }) => {
    expect(decide(policy, attempt, 'chromium')?.allowed).toBe(allowed);
    expect(decide(policy, attempt, 'csp3')?.allowed).toBe(!allowed);
  },
);
