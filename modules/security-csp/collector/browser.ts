const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\/(\d{1,4})/, 'edge'],
  [/\b(?:OPR|OPT)\/(\d{1,4})/, 'opera'],
  [/\bSamsungBrowser\/(\d{1,4})/, 'samsung'],
  [/\b(?:Firefox|FxiOS)\/(\d{1,4})/, 'firefox'],
  [/\b(?:Headless)?(?:Chrome|Chromium|CriOS)\/(\d{1,4})/, 'chrome'],
  [/\bVersion\/(\d{1,4})\S* .*Safari\//, 'safari'],
  [/\bAppleWebKit\/(\d{1,4})/, 'webkit'],
];

const MAX_READ = 400;
const MAX_REMEMBERED = 1_024;
let remembered = new Map<string, string>();

/** The browser's family and major version, `firefox 153`; `other` for what is none of the known. */
export function browserOf(userAgent: string): string {
  const known = remembered.get(userAgent);
  if (known !== undefined) return known;
  const short = Buffer.from(userAgent.slice(0, MAX_READ)).toString();
  const browser = read(short);
  if (remembered.size >= MAX_REMEMBERED) remembered = new Map();
  if (userAgent.length <= MAX_READ) remembered.set(short, browser);
  return browser;
}

function read(userAgent: string): string {
  for (const [pattern, family] of FAMILIES) {
    const version = pattern.exec(userAgent)?.[1];
    if (version !== undefined) return `${family} ${Number(version)}`;
  }
  return 'other';
}
