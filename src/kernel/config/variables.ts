/** One environment variable: how its text is read, and what a person must know about it. */
export interface Variable<T> {
  readonly summary: string;
  /** Secrets also come from a file named by `<NAME>_FILE`, and are never printed. */
  readonly secret: boolean;
  readonly fallback: T;
  /** Reads the text. @throws Error with a sentence that names no value of a secret */
  parse(raw: string): T;
}

/** The variables that one addon reads, by their environment name. */
export type ConfigShape = Readonly<Record<string, Variable<unknown>>>;

export type ConfigValues<S extends ConfigShape> = {
  readonly [K in keyof S]: S[K] extends Variable<infer T> ? T : never;
};

/** A whole number within bounds; the unit belongs at the end of the name. */
export function integer(of: {
  summary: string;
  fallback: number;
  min: number;
  max: number;
}): Variable<number> {
  return {
    summary: of.summary,
    secret: false,
    fallback: of.fallback,
    parse(raw) {
      const value = Number(raw);
      if (!/^-?\d+$/.test(raw.trim()) || value < of.min || value > of.max) {
        throw new Error(`must be a whole number from ${of.min} to ${of.max}, not "${raw}"`);
      }
      return value;
    },
  };
}

/** A text, or undefined when unset. */
export function text(of: { summary: string; secret?: boolean }): Variable<string | undefined> {
  return {
    summary: of.summary,
    secret: of.secret ?? false,
    fallback: undefined,
    parse: (raw) => raw,
  };
}

/** One of a closed list of words. */
export function choice<const T extends string>(of: {
  summary: string;
  options: readonly T[];
  fallback: T;
}): Variable<T> {
  return {
    summary: `${of.summary} (${of.options.join(', ')})`,
    secret: false,
    fallback: of.fallback,
    parse(raw) {
      const found = of.options.find((option) => option === raw);
      if (!found) throw new Error(`must be one of ${of.options.join(', ')}, not "${raw}"`);
      return found;
    },
  };
}

/** Words between commas; empty ones are dropped. */
export function list(of: { summary: string }): Variable<readonly string[]> {
  return {
    summary: of.summary,
    secret: false,
    fallback: [],
    parse: (raw) =>
      raw
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== ''),
  };
}
