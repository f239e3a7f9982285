import type { House } from './house.js';

/** One line of an exposition. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Metrics as Prometheus would read them. */
export class Exposition {
  private readonly samples = new Map<string, Sample[]>();

  constructor(readonly text: string) {
    for (const line of text.split('\n')) {
      const [, name, labels = '', value] = /^([a-z_0-9]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (!name) continue;
      const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, word]) => [key, word]);
      const sample = {
        labels: Object.fromEntries(pairs) as Sample['labels'],
        value: Number(value),
      };
      this.samples.set(name, [...(this.samples.get(name) ?? []), sample]);
    }
  }

  get names(): string[] {
    return [...this.samples.keys()];
  }

  /** Every sample of a metric. */
  all(name: string): Sample[] {
    return this.samples.get(name) ?? [];
  }

  /** The value of the one sample that has these labels and no others; null when it is absent. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | null {
    const sorted = (of: Readonly<Record<string, string>>): string =>
      JSON.stringify(Object.entries(of).sort());
    const found = this.all(name).find((sample) => sorted(sample.labels) === sorted(labels));
    return found ? found.value : null;
  }
}

/** Reads a house's metrics with its token. @throws Error unless they are answered */
export async function scrape(house: House, token: string): Promise<Exposition> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await house.nobody.raw('get', '/metrics', undefined, headers);
  if (answer.status !== 200) throw new Error(`no metrics: ${answer.status}`);
  return new Exposition(answer.text);
}
