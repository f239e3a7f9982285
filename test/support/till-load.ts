import { shop, takeOrder } from './builders.js';
import { signIn } from './client.js';
import { DEMO_PASSWORD } from './server.js';

/** Sellers who take orders and look at them without a pause, and what they were answered. */
export class TillLoad {
  /** How often each status came, or each fault in its place. */
  readonly counts: Record<string, number> = {};
  private readonly over = new AbortController();
  private readonly work: Promise<void>[];

  private constructor(clients: Awaited<ReturnType<typeof signIn>>[]) {
    this.work = clients.map((client) => this.sell(client));
  }

  /** Begins at a server; stop it. */
  static async at(url: string, sellers: number): Promise<TillLoad> {
    const signIns = Array.from({ length: sellers }, () => signIn(url, 'vendedora', DEMO_PASSWORD));
    return new TillLoad(await Promise.all(signIns));
  }

  /** Lets everybody finish what was begun. */
  async stop(): Promise<void> {
    this.over.abort();
    await Promise.all(this.work);
  }

  private async sell(client: Awaited<ReturnType<typeof signIn>>): Promise<void> {
    const place = await shop(client);
    const failed = (error: unknown): void => this.count(String(error));
    while (!this.over.signal.aborted) {
      await takeOrder(client, place).then(() => this.count(201), failed);
      await client.get('sales/orders?limit=5').then(({ status }) => this.count(status), failed);
    }
  }

  private count(what: number | string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }
}
