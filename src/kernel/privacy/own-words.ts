import type { Person } from './personal-data.js';

/** What says that a text is about a person, as regular expressions of PostgreSQL for `~*`; null finds nothing. */
export interface OwnWords {
  /** One word of the name, or what names the person alone: for a text that belongs to the person's own records. */
  readonly any: string | null;
  /** Two different words of the name near each other, or what names the person alone: for any text of the house. */
  readonly mention: string | null;
}

const LEAST_LETTERS = 3;
const MOST_WORDS = 6;
/** They stand in many names, and tell of nobody. */
const PARTICLES: readonly string[] = ['del', 'los', 'las', 'von', 'van', 'der'];
/** A mark that was written apart from its letter (Unicode's NFD). */
const MARK = '[\u0300-\u036f]?';
const ACCENTED: Readonly<Record<string, string>> = {
  ...{ a: 'áàäâãå', e: 'éèëê', i: 'íìïî', o: 'óòöôõ', u: 'úùüû' },
  ...{ n: 'ñ', c: 'ç', y: 'ýÿ' },
};

/** How a person may be called in a text, in the spellings that people use. */
export function ownWordsOf({ name, rut, phone, email }: Person): OwnWords {
  const alone = [
    ...(rut === null ? [] : [rutPattern(rut)]),
    ...(phone === null ? [] : phonePattern(phone)),
    ...(email === null ? [] : [escaped(email)]),
  ];
  const words = wordsOf(name);
  const pairs = words.flatMap((first) =>
    words.filter((other) => other !== first).map((other) => `${first}.{1,40}${other}`),
  );
  const oneOf = (patterns: readonly string[]): string | null =>
    patterns.length === 0 ? null : patterns.join('|');
  return {
    any: oneOf([...alone, ...words]),
    mention: oneOf([...alone, ...(words.length === 1 ? words : pairs)]),
  };
}

/** Different words of a name that are long enough to tell of somebody, each with its accents or without. */
function wordsOf(name: string): string[] {
  const words = name
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word.length >= LEAST_LETTERS && !PARTICLES.includes(word));
  return [...new Set(words)].slice(0, MOST_WORDS).map(wordPattern);
}

function wordPattern(word: string): string {
  const letters = [...word].map((letter) => {
    const others = ACCENTED[letter] ?? '';
    return `[${letter}${letter.toUpperCase()}${others}${others.toUpperCase()}]${MARK}`;
  });
  // A bound of words is known of ASCII everywhere; of other letters only where the database's locale says so.
  const isPlain = (letter: string | undefined): boolean => /^[a-z]$/.test(letter ?? '');
  const bounds = [isPlain(word.at(0)) ? '\\m' : '', isPlain(word.at(-1)) ? '\\M' : ''];
  return `${bounds[0]}${letters.join('')}${bounds[1]}`;
}

/** `12345678-5`, `12.345.678-5`, `123456785`. */
function rutPattern(rut: string): string {
  const [body = '', check = ''] = rut.split('-');
  return `(?<![0-9])${[...body].join('[. ]?')}[-. ]{0,2}${check}(?![0-9])`;
}

/** The last eight digits, however they are grouped; fewer are no number of a telephone. */
function phonePattern(phone: string): string[] {
  const digits = phone.replaceAll(/\D/g, '').slice(-8);
  return digits.length < 7 ? [] : [`${[...digits].join('[-. ()]{0,2}')}(?![0-9])`];
}

function escaped(text: string): string {
  return text.replaceAll(
    /[^A-Za-z0-9@]/g,
    (character) => `[${character === '^' ? '\\^' : character}]`,
  );
}
