interface Entry<V> {
  readonly value: V;
  readonly expiresAt: number;
}

/**
 * What is remembered for a while, of at most so many keys: beyond that the oldest is forgotten, so
 * that a stranger with many addresses costs no more memory than the bound.
 */
export class Expiring<V> {
  private readonly entries = new Map<string, Entry<V>>();

  constructor(
    private readonly capacity: number,
    private readonly now: () => number = Date.now,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /** The value, or undefined once it has expired. */
  get(key: string): V | undefined {
    const entry = this.entries.get(key);
    return entry && entry.expiresAt > this.now() ? entry.value : undefined;
  }

  set(key: string, value: V, expiresAt: number): void {
    // A key set anew goes to the end: the first of the map is always the oldest.
    this.entries.delete(key);
    this.entries.set(key, { value, expiresAt });
    for (const [oldest, entry] of this.entries) {
      if (this.entries.size <= this.capacity && entry.expiresAt > this.now()) break;
      this.entries.delete(oldest);
    }
  }

  delete(key: string): void {
    this.entries.delete(key);
  }
}
