import { expect, it } from '@jest/globals';
import { dice } from '#test';
import { RecordSplitter, Unreadable } from './record-splitter.js';

function recordsOf(pieces: readonly string[]): { row: number; fields: string[] }[] {
  const splitter = new RecordSplitter();
  const records = [...pieces.flatMap((piece) => [...splitter.push(piece)]), ...splitter.end()];
  return records.map(({ row, fields }) => ({ row, fields }));
}

it('reads quotes where a field begins, and takes others for text', () => {
  const text = 'a;b;c\r\n"x;1";"y ""z""";w\r\n\n"El Sol" Ltda;5" de alto;""\n"two\nlines";2;3';
  expect(recordsOf([text])).toEqual([
    { row: 1, fields: ['a', 'b', 'c'] },
    { row: 2, fields: ['x;1', 'y "z"', 'w'] },
    { row: 4, fields: ['"El Sol" Ltda', '5" de alto', ''] },
    { row: 5, fields: ['two\nlines', '2', '3'] },
  ]);
});

it('reads the same whatever the pieces are', () => {
  const roll = dice(29);
  const words = ['', 'a', 'ñandú', '"q;u"', '"l\ni"', 'x"y', '"d""d"', '12.345', ' '];
  const pick = (): string => words[Math.floor(roll() * words.length)] ?? '';
  for (let round = 0; round < 200; round += 1) {
    const lines = Array.from({ length: 1 + Math.floor(roll() * 12) }, () =>
      Array.from({ length: 4 }, pick).join(';'),
    );
    const text =
      ['h;e;a;d', ...lines].join(roll() < 0.5 ? '\n' : '\r\n') + (roll() < 0.5 ? '\n' : '');
    const pieces: string[] = [];
    for (let at = 0; at < text.length;) {
      const length = 1 + Math.floor(roll() * 9);
      pieces.push(text.slice(at, at + length));
      at += length;
    }
    expect(recordsOf(pieces)).toEqual(recordsOf([text]));
    expect(recordsOf([text]).length).toBeLessThanOrEqual(lines.length + 1);
  }
});

it('gives up on a quote that never closes, and on a row that never ends', () => {
  const codeOf = (pieces: string[]): [string, number] | null => {
    try {
      recordsOf(pieces);
      return null;
    } catch (error) {
      return error instanceof Unreadable ? [error.code, error.row] : null;
    }
  };
  expect(codeOf(['a;b\n1;2\n"3;4\n5;6\n'])).toEqual(['quote-unclosed', 3]);
  expect(codeOf(['a;b\n1;2\n"', ...Array.from({ length: 90 }, () => 'x\n')])).toEqual([
    'quote-unclosed',
    3,
  ]);
  expect(codeOf(['a;b\n', 'x'.repeat(20_000), 'x'.repeat(20_000)])).toEqual(['record-too-long', 2]);
});
