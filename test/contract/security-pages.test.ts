import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const ASVS = 'runbooks/security/asvs.md';
const PAGES = [ASVS, 'runbooks/security/access.md'];

/** How many requirements each section of ASVS 5.0.0 has. */
const SECTIONS: Readonly<Record<string, readonly number[]>> = {
  6: [3, 12, 8, 6, 8, 4, 2, 4],
  7: [3, 4, 2, 5, 3, 2],
  8: [4, 4, 3, 2],
};
const VERDICTS = ['met', 'partly', 'not met', 'not applicable'];

interface Requirement {
  readonly number: string;
  readonly level: string;
  readonly verdict: string;
  readonly why: string;
}

/** What can be checked of pages on security without judging what they say. */
describe('the pages on security', () => {
  it.each(PAGES)('%s names files that exist', (page) => {
    expect(brokenLinks(page, read(page))).toEqual([]);
  });

  it('name tests that exist, each in the file beside it', () => {
    const named = [...read(ASVS).matchAll(/\]\(([^)]+\.test\.ts)\) «([^»]+)»/g)];
    expect(named.length).toBeGreaterThan(50);
    const missing = named.filter(
      ([, path = '', title = '']) => !read(join(dirname(ASVS), path)).includes(`'${title}'`),
    );
    expect(missing.map(([, path, title]) => `${path}: ${title}`)).toEqual([]);
  });

  it('have each requirement of the three chapters once, in order', () => {
    const expected = Object.entries(SECTIONS).flatMap(([chapter, sections]) =>
      sections.flatMap((count, section) =>
        Array.from({ length: count }, (_, n) => `${chapter}.${section + 1}.${n + 1}`),
      ),
    );
    expect(requirementsOf(read(ASVS)).map(({ number }) => number)).toEqual(expected);
  });

  it('judge in four words, and give a reason or a place with each', () => {
    for (const { number, level, verdict, why } of requirementsOf(read(ASVS))) {
      expect([number, VERDICTS.includes(verdict)]).toEqual([number, true]);
      expect([number, ['1', '2', '3'].includes(level)]).toEqual([number, true]);
      expect([number, why.length > 0]).toEqual([number, true]);
      if (verdict === 'met') expect([number, why]).toEqual([number, expect.stringMatching(/\]\(/)]);
      expect([number, why.startsWith('Beyond level 2.')]).toEqual([number, level === '3']);
    }
  });

  it('count what they say', () => {
    const text = read(ASVS);
    const all = requirementsOf(text);
    const counts = rowsOf(text).filter(([chapter]) => /^V\d$/.test(chapter ?? ''));
    expect(counts).toHaveLength(9);
    for (const [chapter = '', level = '', ...told] of counts) {
      const those = all.filter(
        (each) => each.level === level && each.number.startsWith(`${chapter.slice(1)}.`),
      );
      const counted = VERDICTS.map((word) => those.filter(({ verdict }) => verdict === word));
      expect([chapter, level, ...told]).toEqual([
        chapter,
        level,
        ...counted.map(({ length }) => String(length)),
      ]);
    }
  });

  it('would be seen to name what is gone', () => {
    const text = 'See [a](../../README.md#map), [b](gone.md), `src/kernel/gone.ts`, [c](#Counts).';
    const broken = ['gone.md', 'src/kernel/gone.ts', '#Counts'];
    expect(brokenLinks(ASVS, text).sort()).toEqual(broken.sort());
  });
});

function read(path: string): string {
  return readFileSync(path, 'utf8');
}

/** Links to files and headings that are not there, and paths in backticks that lead nowhere. */
function brokenLinks(page: string, text: string): string[] {
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^https?:/.test(target));
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => anchorOf(title));
  const broken = links.filter((target) => {
    const [path = '', anchor = ''] = target.split('#');
    return path === '' ? !headings.includes(anchor) : !existsSync(join(dirname(page), path));
  });
  const paths = [...text.matchAll(/`((?:src|modules|test|runbooks)\/[\w./-]+)`/g)];
  return [...broken, ...paths.map(([, path = '']) => path).filter((path) => !existsSync(path))];
}

function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(' ', '-');
}

function rowsOf(text: string): string[][] {
  return [...text.matchAll(/^\| (.+) \|$/gm)].map(([, row = '']) =>
    row.split(' | ').map((cell) => cell.trim()),
  );
}

function requirementsOf(text: string): Requirement[] {
  return rowsOf(text)
    .filter(([number]) => /^\d+\.\d+\.\d+$/.test(number ?? ''))
    .map(([number = '', level = '', , verdict = '', why = '']) => ({
      ...{ number, level, verdict, why },
    }));
}
