import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readJson } from '../json-file.js';
import { begunOf, ownMark } from '#kernel/basics';
import type { Document } from '../vault/kv.js';
import { proveDialect, readDialect, refusalOf, writeDialect } from './dialect.js';
import { gather } from './gather.js';
import { render, renderNewest } from './render.js';
import { draft, readSecretFile, sweep, writeSecretFile } from './secret-file.js';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'ofitec-test-render-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const file = (name: string): string => join(folder, name);
const read = (name: string): string => fs.readFileSync(file(name), 'utf8');
const modeOf = (name: string): number => fs.statSync(file(name)).mode & 0o777;

/** What the readers make of these is shown in test/ops, with the readers. */
describe('the dialect of environment files', () => {
  it.each([
    ["it's", 'holds a single quote'],
    ["'", 'holds a single quote'],
    ['two\nlines', 'has several lines: give it a file of its own'],
    ['ends\n', 'has several lines: give it a file of its own'],
    ['half\rline', 'has several lines: give it a file of its own'],
    ['C:\\', 'holds a backslash'],
    ['\\n', 'holds a backslash'],
    ['a ${HOME}', 'holds ${'],
    ['${', 'holds ${'],
    ['tab\there', 'holds a control character'],
    ['nul\0', 'holds a control character'],
    ['\u007f', 'holds a control character'],
    ['\u0085', 'holds a control character'],
    ['\ud83d', 'holds half a character'],
    ['\ude00 back', 'holds half a character'],
    ['\ufffe', 'holds a code point that is no character'],
    ['\u{10ffff}', 'holds a code point that is no character'],
  ])('refuses %j: it %s', (value, why) => {
    expect(refusalOf(value)).toBe(why);
    expect(() => writeDialect(new Map([['KEY', value]]))).toThrow(`Cannot be written: KEY ${why}.`);
    // What somebody else wrote there is not believed either.
    expect(() => readDialect(`KEY='${value}'\n`)).toThrow();
  });

  it.each([
    ...[
      '$',
      '$HOME',
      '$$',
      '$(id)',
      '`id`',
      '"',
      'say "hi"',
      '#',
      'a #b',
      '=',
      '!',
      '%',
      '*',
      ' ',
      ' x ',
    ],
    ...['ñ', '€', '😀', '\u00a0', '\ufeffx', '\u2028', '{}', 'a,b', ';', '&', '|', '<>', '~'],
  ])('writes %j as it is, and reads it back', (value) => {
    const values = new Map([['KEY', value]]);
    const text = writeDialect(values);
    expect(text).toBe(`KEY='${value}'\n`);
    expect([...readDialect(text)]).toEqual([['KEY', value]]);
    expect(() => proveDialect(Buffer.from(text), values)).not.toThrow();
  });

  it('names every key that cannot be written, and no value', () => {
    const values = new Map([
      ...([
        ['A', "secret'1"],
        ['B', 'fine'],
        ['C', 'secret\\2'],
      ] as const),
    ]);
    expect(() => writeDialect(values)).toThrow(
      'Cannot be written: A holds a single quote; C holds a backslash.',
    );
  });

  it.each(["A='x'", 'A=x\n', "A='x'\nA='y'\n", "a='x'\n", "A='x' \n", "\nA='x'\n", "1='x'\n"])(
    'does not believe %j',
    (text) => expect(() => readDialect(text)).toThrow(),
  );

  it('proves what lies on the disk: another value, one more and one less are found', () => {
    const values = new Map([
      ['A', '1'],
      ['B', '2'],
    ]);
    for (const text of ["A='1'\nB='3'\n", "A='1'\n", "A='1'\nB='2'\nC='3'\n"]) {
      expect(() => proveDialect(Buffer.from(text), values)).toThrow('Read back otherwise');
    }
  });
});

const TARGETS = (): Parameters<typeof render>[1] => ({
  env: { file: file('ofitec.env'), keys: ['A', 'B'] },
  files: [{ key: 'C', file: file('c.pem') }],
});
const GOOD = { A: 'one', B: 'two', C: 'three\nlines\n' };
const CHANGED = { ...GOOD, B: 'changed' };
const documentOf = (data: object, version = 1): Document => {
  const at = new Date(0);
  return { data: data as Document['data'], version, createdAt: at, readAt: at };
};

describe('rendering', () => {
  const states = (data: object, check = false): string[] =>
    render(documentOf(data), TARGETS(), check).files.map(({ state }) => state);
  const names = (): string[] => fs.readdirSync(folder).toSorted();

  it('writes for its own user only, whatever the umask, and mends what others may read', () => {
    const umask = process.umask(0);
    expect(states(GOOD)).toEqual(['written', 'written']);
    process.umask(umask);
    expect([read('ofitec.env'), read('c.pem')]).toEqual(["A='one'\nB='two'\n", GOOD.C]);
    expect([modeOf('ofitec.env'), modeOf('c.pem')]).toEqual([0o600, 0o600]);
    expect(states(GOOD)).toEqual(['unchanged', 'unchanged']);
    for (const mode of [0o640, 0o604, 0o666]) {
      fs.chmodSync(file('c.pem'), mode);
      expect(states(GOOD, true)).toEqual(['unchanged', 'differs']);
      expect([states(GOOD), modeOf('c.pem')]).toEqual([['unchanged', 'written'], 0o600]);
    }
    expect(states({ ...GOOD, C: 'other' }, true)).toEqual(['unchanged', 'differs']);
    expect([read('c.pem'), names()]).toEqual([GOOD.C, ['c.pem', 'ofitec.env']]);
  });

  it('a reader sees a file as it was or as it is: another one is put in its place', () => {
    render(documentOf(GOOD), TARGETS());
    const before = fs.openSync(file('c.pem'), 'r');
    render(documentOf({ ...GOOD, C: 'other' }), TARGETS());
    expect([fs.readFileSync(before, 'utf8'), read('c.pem')]).toEqual([GOOD.C, 'other']);
    fs.closeSync(before);
  });

  it.each([
    ['a value that cannot be written', { ...CHANGED, A: "it's" }, 'A holds a single quote'],
    ['a missing key', { A: 'x', C: 'y' }, 'Vault has no B'],
    ['an inherited key', Object.create({ ...CHANGED }) as object, 'Vault has no A, B, C'],
    ['an empty value', { ...CHANGED, C: '' }, 'C is no text, or empty'],
    ['a number', { ...CHANGED, C: 7 }, 'C is no text, or empty'],
    ['a value too long', { ...CHANGED, C: 'x'.repeat(65_537) }, 'C is too long'],
  ])('%s: all files stay', (_, data, says) => {
    render(documentOf(GOOD), TARGETS());
    expect(() => render(documentOf(data), TARGETS())).toThrow(says);
    expect([read('ofitec.env'), read('c.pem')]).toEqual(["A='one'\nB='two'\n", GOOD.C]);
    expect(names()).toEqual(['c.pem', 'ofitec.env']);
  });

  it('a place that cannot be written keeps the other files as they were', () => {
    render(documentOf(GOOD), TARGETS());
    fs.rmSync(file('c.pem'));
    fs.mkdirSync(file('c.pem'));
    expect(() => states({ ...GOOD, A: 'changed' })).toThrow('c.pem is a folder');
    fs.rmdirSync(file('c.pem'));
    fs.chmodSync(folder, 0o770);
    expect(() => states({ ...GOOD, A: 'changed' })).toThrow('may be written by others');
    fs.chmodSync(folder, 0o700);
    expect([read('ofitec.env'), names()]).toEqual(["A='one'\nB='two'\n", ['ofitec.env']]);
    expect(() => writeSecretFile(file('none/x'), 'x')).toThrow('none is not there: make it');
  });

  it('leaves nothing of a file that does not read back as it was meant', () => {
    const doubt = (): never => {
      throw new Error('Read back otherwise');
    };
    expect(() => draft(file('x'), Buffer.from('a secret'), doubt)).toThrow('Read back otherwise');
    expect(names()).toEqual([]);
  });

  it('goes through no link, to write or to read', () => {
    fs.writeFileSync(file('victim'), GOOD.C, { mode: 0o600 });
    fs.symlinkSync(file('victim'), file('c.pem'));
    expect(readSecretFile(file('c.pem'))).toBeNull();
    expect(states(GOOD, true)).toEqual(['differs', 'differs']);
    render(documentOf({ ...GOOD, C: 'other' }), TARGETS());
    expect([read('victim'), fs.lstatSync(file('c.pem')).isFile()]).toEqual([GOOD.C, true]);
  });

  it('one that stood still leaves no older version behind', async () => {
    const versions = [documentOf(GOOD, 1), documentOf({ ...GOOD, A: 'newer' }, 2)];
    let reads = 0;
    const newest = async (): Promise<Document> => {
      const found = versions[Math.min(reads, 1)] as Document;
      // The second of two programs has read and written while the first one had only read.
      if (reads === 0) render(versions[1] as Document, TARGETS());
      reads += 1;
      return found;
    };
    const { version, files } = await renderNewest(newest, TARGETS());
    expect([version, read('ofitec.env'), reads]).toEqual([2, "A='newer'\nB='two'\n", 3]);
    expect(files.map(({ state }) => state)).toEqual(['written', 'unchanged']);
    await renderNewest(newest, TARGETS());
    expect(reads).toBe(4);
  });

  it('is done when Vault goes away after it has written', async () => {
    const once = jest.fn<() => Promise<Document>>().mockResolvedValueOnce(documentOf(GOOD));
    once.mockRejectedValue(new Error('Vault is away'));
    const { files } = await renderNewest(once, TARGETS());
    expect(files.map(({ state }) => state)).toEqual(['written', 'written']);
  });

  it('gives back what it rendered, or says what is not there', () => {
    render(documentOf(GOOD), TARGETS());
    expect(Object.fromEntries(gather(TARGETS()))).toEqual(GOOD);
    fs.chmodSync(file('c.pem'), 0o644);
    expect(() => gather(TARGETS())).toThrow(/c\.pem\. Nothing was written/);
  });
});

describe('what killed programs left', () => {
  const HEX = '0123456789ab';
  const drafts = (): string[] => fs.readdirSync(folder).filter((name) => name.startsWith('.'));
  const leave = (name: string, hours = 0): void => {
    fs.writeFileSync(file(name), 'a secret', { mode: 0o600 });
    const at = Date.now() / 1_000 - hours * 3_600;
    fs.utimesSync(file(name), at, at);
  };
  const markOf = ({ place, pid, begun }: ReturnType<typeof ownMark>): string =>
    `${place}-${pid}-${begun}`;

  it('is gone after the next rendering, also when nothing is to be written', () => {
    render(documentOf(GOOD), TARGETS());
    const dead = { ...ownMark(), pid: spawnSync('true').pid, begun: '1' };
    leave(`.ofitec.env.${markOf(dead)}.${HEX}`);
    leave(`.c.pem.${markOf(dead)}.${HEX}`);
    render(documentOf(GOOD), TARGETS(), true);
    expect(drafts()).toHaveLength(2);
    render(documentOf(GOOD), TARGETS());
    expect(drafts()).toEqual([]);
  });

  it('stays while its program may run, and goes when that cannot be', async () => {
    const sleeper = spawn('sleep', ['60']);
    try {
      const { pid = 0 } = sleeper;
      const alive = { ...ownMark(), pid, begun: begunOf(pid) ?? '' };
      leave(`.x.${markOf(alive)}.${HEX}`);
      leave(`.x.${markOf({ ...alive, place: 'ffffffff' })}.${HEX}`);
      leave(`.x.${HEX}`);
      sweep(file('x'));
      expect(drafts()).toHaveLength(3);
      // Of no program that anybody remembers.
      leave(`.x.${markOf({ ...alive, place: 'ffffffff' })}.${HEX}`, 1.1);
      leave(`.x.${HEX}`, 1.1);
      sweep(file('x'));
      expect(drafts()).toEqual([`.x.${markOf(alive)}.${HEX}`]);
      const ended = new Promise((resolve) => sleeper.once('exit', resolve));
      sleeper.kill('SIGKILL');
      await ended;
      writeSecretFile(file('x'), 'new');
      expect([drafts(), read('x')]).toEqual([[], 'new']);
    } finally {
      sleeper.kill('SIGKILL');
    }
  });

  it('is not taken for what it is not', () => {
    for (const name of ['.x.swp', '.y.0123456789ab', '.x.0123456789abc', 'x.0123456789ab']) {
      leave(name, 100);
    }
    sweep(file('x'));
    expect(fs.readdirSync(folder)).toHaveLength(4);
  });
});

describe('a file of settings', () => {
  it('that is broken is named with the place, and none of it is told', () => {
    const broken = [
      '{"password": hunter2}',
      '{\n"password": "hunter2",\n}',
      'hunter2',
      '{"a": "hunter2',
    ];
    for (const text of broken) {
      fs.writeFileSync(file('database.json'), text);
      let said = '';
      try {
        readJson(file('database.json'));
      } catch (error) {
        said = String(error);
      }
      expect(said).toMatch(/database\.json is no JSON/);
      expect(said).not.toMatch(/hunt|unter|password/);
    }
    fs.writeFileSync(file('database.json'), '{\n"password": "hunter2",\n}');
    expect(() => readJson(file('database.json'))).toThrow('look at line 3');
    expect(() => readJson(file('none'))).toThrow('cannot be read: ENOENT');
  });
});
