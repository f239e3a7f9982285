import { describe, expect, it } from '@jest/globals';
import { lintHeaders, lintPolicy, readEndpoints } from './lint.js';
import type { Headers } from './lint.js';

const good = {
  reportOnly: "default-src 'self'; report-uri /csp/report?v=1; report-to csp-endpoint",
  reportingEndpoints: 'csp-endpoint="/csp/report?v=1"',
  secure: true,
};

describe('what would silence reports', () => {
  it.each<[string, Headers, string[]]>([
    ['nothing', good, []],
    ['no endpoint', { ...good, reportingEndpoints: '' }, ['error report-to-without-endpoint']],
    [
      'another endpoint',
      { ...good, reportingEndpoints: 'csp="/csp/report"' },
      ['error report-to-without-endpoint'],
    ],
    [
      'plain http endpoint',
      { ...good, reportingEndpoints: 'csp-endpoint="http://erp.example/csp/report"' },
      ['error plain-endpoint'],
    ],
    [
      'an endpoint that is no address',
      { ...good, reportingEndpoints: 'csp-endpoint="erp.example"' },
      ['error bad-endpoint'],
    ],
    ['pages without https', { ...good, secure: false }, ['error report-to-without-https']],
    [
      'report-uri alone, without https',
      { reportOnly: "default-src 'self'; report-uri /csp/report", secure: false },
      [],
    ],
    ['reports nowhere', { ...good, reportOnly: "default-src 'self'" }, ['error no-reporting']],
    [
      'enforces and reports nowhere',
      { enforced: "default-src 'self'", secure: true },
      ['warning no-reporting'],
    ],
    [
      'the old way is missing',
      { ...good, reportOnly: "default-src 'self'; report-to csp-endpoint" },
      ['warning no-report-uri'],
    ],
    [
      'an old way over http',
      { reportOnly: "default-src 'self'; report-uri http://erp.example/r", secure: true },
      ['error plain-endpoint'],
    ],
    [
      'a sandbox that only reports',
      { reportOnly: 'sandbox; report-uri /csp/report', secure: true },
      ['warning ignored-in-report-only'],
    ],
    ['the same twice', { ...good, enforced: good.reportOnly }, ['error headers-repeat']],
    [
      'a looser one that only reports',
      { ...good, enforced: "default-src 'none'; report-uri /csp/report" },
      ['error headers-contradict'],
    ],
    [
      'a stricter one that only reports',
      { ...good, enforced: "default-src 'self' https:; report-uri /csp/report" },
      [],
    ],
  ])('%s', (_, headers, wanted) => {
    const found = lintHeaders(headers).map(({ severity, code }) => `${severity} ${code}`);
    expect(found).toEqual(wanted);
  });

  it('reads the header of endpoints', () => {
    const text = 'csp-endpoint="https://erp.example/csp/report?v=1", other="/x"';
    expect([...readEndpoints(text)]).toEqual([
      ['csp-endpoint', 'https://erp.example/csp/report?v=1'],
      ['other', '/x'],
    ]);
    expect(readEndpoints('csp-endpoint=/csp/report').size).toBe(0);
  });
});

describe('what would protect nothing', () => {
  it.each([
    ["default-src 'self'", []],
    ['', ['empty']],
    ["default-src 'self', img-src *", ['comma']],
    ["scirpt-src 'self'", ['unknown-directive']],
    ["script-src 'self'; script-src a.test", ['repeated']],
    ['img-src ñ.test; font-src a.test', ['not-ascii']],
    ['script-src self', ['unquoted']],
    ['script-src nonce-abc', ['unquoted']],
    ["script-src 'self' 'nonce-abcdefgh'", ['static-nonce']],
    ['img-src [::1]', ['invalid-source']],
    ['img-src a.test/p?x', ['invalid-source']],
    ["img-src 'selfie'", ['invalid-source']],
    ["img-src 'none' a.test", ['none-with-others']],
    ["plugin-types x/y; img-src 'self'", ['dead-directive']],
    ['report-to csp-endpoint; sandbox allow-scripts; img-src *', []],
  ])('%s', (text, wanted) => {
    expect(lintPolicy(text).map(({ code }) => code)).toEqual(wanted);
  });

  it('guesses what was meant, in both languages', () => {
    const [found] = lintPolicy("scirpt-src 'self'");
    expect(found?.en).toContain('script-src?');
    expect(found?.es).toContain('¿script-src?');
  });
});
