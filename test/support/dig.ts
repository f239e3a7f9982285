import type { Ended } from './process.js';
import { until } from './until.js';

/** A question that got no answer that counts. */
interface Unanswered {
  readonly at: string;
  readonly question: string;
  readonly code: number | null;
  readonly said: string;
}

const FLAGS = ['+noall', '+comments', '+answer', '+norecurse', '+tcp', '+tries=1', '+time=5'];

/** Debian's dig, asked again until there is an answer, for a bounded time. */
export class Dig {
  /** What was asked in vain before it was answered: why a suite was slow, or what it failed of at last. */
  readonly unanswered: Unanswered[] = [];

  /** @param run runs dig with these words */
  constructor(private readonly run: (words: readonly string[]) => Promise<Ended>) {}

  /**
   * What one server says. One that is not heard, or that has no zone yet or takes it in just now (SERVFAIL,
   * REFUSED), is asked again for a minute. "There is no such record" is an answer.
   *
   * @throws Error that tells each way in which it was not answered, and how often
   */
  async ask(server: string, port: number, name: string, type: string): Promise<string> {
    const question = `${name} ${type} at ${server}:${port}`;
    const before = this.unanswered.length;
    let said = '';
    await until(question, async () => {
      const { code, output } = await this.run([`@${server}`, '-p', `${port}`, ...FLAGS, name, type]);
      if (code !== 0 || !/status: (NOERROR|NXDOMAIN),/.test(output)) {
        const fault = { question, code, said: output.trim() };
        this.unanswered.push({ at: new Date().toISOString(), ...fault });
        throw new Error(waysOf(this.unanswered.slice(before)));
      }
      const lines = output.split('\n').filter((line) => line !== '' && !line.startsWith(';'));
      // Name, time to live, class, type, and what it says.
      said = lines.map((line) => line.split(/\s+/).slice(4).join(' ')).join('\n');
      return true;
    }, 60_000); // prettier-ignore
    return said;
  }

  /** The ways in which it was not answered, with how often and when first; empty when there was none. */
  report(): string {
    const [first] = this.unanswered;
    return first ? `dig, since ${first.at}:\n${waysOf(this.unanswered)}\n` : '';
  }
}

function waysOf(all: readonly Unanswered[]): string {
  const counts = new Map<string, number>();
  for (const { code, said } of all) {
    const way = `dig ended with ${code}: ${said || 'it said nothing'}`;
    counts.set(way, (counts.get(way) ?? 0) + 1);
  }
  return [...counts].map(([way, count]) => `${count} times ${way}`).join('\n');
}
