/** Figures by what they are about: a day and a branch, a month, a session. */
export type Figures = ReadonlyMap<string, Readonly<Record<string, number | null>>>;

/** One figure in the books and in the vault; a difference when they are not the same. */
export interface Difference {
  /** Which books: orders, payments, daily cut, VAT, Form 29. */
  readonly books: string;
  /** What it is about: `2026-11-22 <branch>`, `202611`. */
  readonly about: string;
  readonly figure: string;
  /** Null when it is not there at all. */
  readonly source: number | null;
  readonly warehouse: number | null;
}

/** Every figure of either side, the same ones too, sorted. */
export function differencesOf(books: string, source: Figures, warehouse: Figures): Difference[] {
  const abouts = [...new Set([...source.keys(), ...warehouse.keys()])].sort();
  return abouts.flatMap((about) => {
    const [ours, theirs] = [source.get(about), warehouse.get(about)];
    const figures = Object.keys({ ...ours, ...theirs });
    return figures.map((figure) => ({
      ...{ books, about, figure },
      source: ours?.[figure] ?? null,
      warehouse: theirs?.[figure] ?? null,
    }));
  });
}

/** For people. */
export function inWords({ books, about, figure, source, warehouse }: Difference): string {
  const said = (value: number | null): string => (value === null ? 'nothing' : String(value));
  return `${books}, ${about}: ${figure} is ${said(source)}, in the warehouse ${said(warehouse)}`;
}
