import { describe, expect, it } from '@jest/globals';
import { toCsv } from './csv.js';
import { html, styleSheet } from './html.js';

describe('CSV', () => {
  it.each(['=1+1', '+1', '-1', '@SUM(1)', '\t=1', '\r=1', '＝1', '＋1', '－1', '＠x'])(
    'puts a quote before %j',
    (text) => expect(toCsv([[text]])).toMatch(/^"?'/),
  );

  it.each([
    ['a;=1', `a;'=1`],
    ['a;-1', `a;'-1`],
    ['a\n=1', `"a\n'=1"`],
    ['a\t@x', `a\t'@x`],
  ])('puts one inside of %j, where a spreadsheet may begin a cell', (text, csv) =>
    expect(toCsv([[text]])).toBe(`${csv}\r\n`),
  );

  it('leaves numbers and what is no formula alone', () => {
    const row = [-3, 0, 1_000_000_000_000, 'a-b', 'a = b', '2026-11-22', '(1)', null, true];
    expect(toCsv([row])).toBe('-3,0,1000000000000,a-b,a = b,2026-11-22,(1),,1\r\n');
  });

  it.each(['a\nb', 'a\rb', 'a\r\nb', 'a,b', 'a"b'])('keeps %j in one cell', (text) => {
    const csv = toCsv([[text, 'next']]);
    expect(csv).toBe(`"${text.replaceAll('"', '""')}",next\r\n`);
  });
});

describe('HTML', () => {
  it('escapes every value, between tags and in attributes, and joins lists', () => {
    const hostile = `<script>"'&`;
    const escaped = '&lt;script&gt;&quot;&#39;&amp;';
    expect(String(html`<b title="${hostile}">${hostile}</b>`)).toBe(
      `<b title="${escaped}">${escaped}</b>`,
    );
    const items = [1, hostile].map((item) => html`<li>${item}</li>`);
    expect(String(html`${items}`)).toBe(`<li>1</li><li>${escaped}</li>`);
    expect(String(html`${['<', '>']}`)).toBe('&lt;&gt;');
  });

  it('takes nobody’s word that a text is HTML', () => {
    const forged = { toString: () => '<script>', text: '<script>' } as unknown as string;
    expect(String(html`${forged}`)).not.toContain('<script>');
  });

  it('names a style sheet by its digest, and takes none that ends itself', () => {
    // echo -n 'p { color: red }' | openssl dgst -sha256 -binary | base64
    const { element, source } = styleSheet('p { color: red }');
    expect(String(element)).toBe('<style>p { color: red }</style>');
    expect(source).toBe("'sha256-ngewhhP73WDIbgwseeu52VAAJgKdGUsu1IUQQsAm8m4='");
    expect(() => styleSheet('</style><script>')).toThrow('ends its own element');
  });
});
