import { readFileSync } from 'node:fs';

/** Fields of a JSON object, each read once; faults are gathered with the path to the field. */
export class Fields {
  readonly faults: string[];
  private readonly values: Readonly<Record<string, unknown>>;
  private readonly known = new Set<string>();
  private readonly children: Fields[] = [];

  constructor(
    value: unknown,
    private readonly path: string,
    faults: string[] = [],
  ) {
    this.faults = faults;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    this.values = isObject ? (value as Record<string, unknown>) : {};
    if (!isObject && value !== undefined) faults.push(`${path || 'the file'} must be an object`);
  }

  fault(name: string, sentence: string): void {
    this.faults.push(`${this.path}${name} ${sentence}`);
  }

  text(name: string, fallback?: string): string {
    const value = this.take(name) ?? fallback;
    if (typeof value === 'string' && value !== '') return value;
    this.fault(name, 'must be a text');
    return '';
  }

  texts(name: string, optional = false): string[] {
    const value = this.take(name) ?? (optional ? [] : undefined);
    const isFine = Array.isArray(value) && value.every((each) => typeof each === 'string');
    if (isFine && (optional || value.length > 0)) return [...new Set(value)];
    this.fault(name, 'must be a list of texts');
    return [];
  }

  integer(name: string, of: { min: number; max: number; fallback: number }): number {
    const value = this.take(name) ?? of.fallback;
    if (Number.isInteger(value) && Number(value) >= of.min && Number(value) <= of.max) {
      return Number(value);
    }
    this.fault(name, `must be a whole number from ${of.min} to ${of.max}`);
    return of.fallback;
  }

  choice<const T extends string>(name: string, options: readonly T[], fallback?: T): T {
    const value = this.take(name) ?? fallback;
    const found = options.find((option) => option === value);
    if (found === undefined) this.fault(name, `must be one of ${options.join(', ')}`);
    return found ?? (options[0] as T);
  }

  url(name: string): string {
    const value = this.text(name);
    if (value !== '' && !isHttp(value)) this.fault(name, 'must be an address of http or https');
    return value;
  }

  urls(name: string): string[] {
    const values = this.texts(name, true);
    const wrong = values.find((value) => !isHttp(value));
    if (wrong !== undefined) this.fault(name, `holds "${wrong}", which is no address of http(s)`);
    return values;
  }

  /** The content of a file that a field may name. */
  fileContent<const K extends string>(name: string, as: K): { readonly [P in K]?: string } {
    const path = this.take(name);
    if (path === undefined) return {};
    try {
      if (typeof path !== 'string') throw Object.assign(new Error(), { code: 'no path' });
      return { [as]: readFileSync(path, 'utf8') } as { [P in K]?: string };
    } catch (error) {
      this.fault(name, `cannot be read: ${(error as NodeJS.ErrnoException).code}`);
      return {};
    }
  }

  one(name: string): Fields {
    return this.child(this.take(name) ?? {}, `${this.path}${name}.`);
  }

  /** What a field holds that may be left out. */
  optional<T>(name: string, read: (fields: Fields) => T): T | null {
    const value = this.take(name);
    return value === undefined ? null : read(this.child(value, `${this.path}${name}.`));
  }

  many(name: string, atLeast: number): Fields[] {
    const value = this.take(name);
    const list = Array.isArray(value) ? (value as unknown[]) : [];
    if (list.length < atLeast) this.fault(name, `must be a list of ${atLeast} or more`);
    return list.map((each, n) => this.child(each, `${this.path}${name}[${n}].`));
  }

  /** A misspelt field would be a setting that nobody set. */
  demandNothingElse(): void {
    for (const name of Object.keys(this.values)) {
      if (!this.known.has(name)) this.fault(name, 'is not known');
    }
    for (const child of this.children) child.demandNothingElse();
  }

  private child(value: unknown, path: string): Fields {
    const child = new Fields(value, path, this.faults);
    this.children.push(child);
    return child;
  }

  private take(name: string): unknown {
    this.known.add(name);
    return this.values[name];
  }
}

function isHttp(value: string): boolean {
  return URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol);
}
