import type { Colour, Place } from './config.js';

/** A look that is older says nothing. */
const MAX_AGE_SECONDS = 45;
const ASK_MS = 5_000;

/** What is known of how a colour serves. Unknown is neither good nor bad, and moves nothing. */
export type GateVerdict = 'healthy' | 'unhealthy' | 'unknown';

export interface Gate {
  verdict(colour: Colour): Promise<GateVerdict>;
  /** Whether Prometheus looks at the colour at all. */
  sees(colour: Colour): Promise<boolean>;
}

const TRUE_AGE =
  'release:observed_age_seconds + (time() - timestamp(release:observed_age_seconds))';

/** `gate:healthy` of a colour, as Prometheus works it out of the colour's own requests. */
export class PrometheusGate implements Gate {
  constructor(private readonly url: string) {}

  async verdict(colour: Colour): Promise<GateVerdict> {
    const fresh = `on (colour) (${TRUE_AGE} <= ${MAX_AGE_SECONDS})`;
    const value = await this.ask(`gate:healthy{colour="${colour}"} and ${fresh}`);
    if (value === '1') return 'healthy';
    return value === '0' ? 'unhealthy' : 'unknown';
  }

  async sees(colour: Colour): Promise<boolean> {
    const age = `(${TRUE_AGE}) and on (colour) release:observed_age_seconds{colour="${colour}"}`;
    const value = await this.ask(age);
    return value !== null && Number(value) <= MAX_AGE_SECONDS;
  }

  /** The value of the only series, or null. */
  private async ask(query: string): Promise<string | null> {
    try {
      const answer = await fetch(`${this.url}/api/v1/query?query=${encodeURIComponent(query)}`, {
        signal: AbortSignal.timeout(ASK_MS),
      });
      const { status, data } = (await answer.json()) as {
        status: string;
        data: { result: { value: [number, string] }[] };
      };
      return status === 'success' && data.result.length === 1
        ? (data.result[0]?.value[1] ?? null)
        : null;
    } catch {
      return null;
    }
  }
}

/** How a colour answers when it is asked itself. */
export interface Found {
  readonly ready: boolean;
  readonly release: string | null;
}

/** Asks a colour whether it can work, and which release it is. */
export async function find({ url }: Place): Promise<Found> {
  const nonce = Math.random().toString(36).slice(2, 14);
  try {
    const answer = await fetch(`${url}/health/ready?nonce=${nonce}`, {
      signal: AbortSignal.timeout(ASK_MS),
      redirect: 'manual',
    });
    const body = (await answer.json()) as { nonce?: string; release?: string };
    const ready = answer.status === 200 && body.nonce === nonce;
    return { ready, release: body.release ?? null };
  } catch {
    return { ready: false, release: null };
  }
}

/** Requests that a colour has not answered yet; null when it does not say. */
export async function openRequests(
  { url, metricsUrl }: Place,
  token: string | null,
): Promise<number | null> {
  try {
    const answer = await fetch(metricsUrl, {
      signal: AbortSignal.timeout(ASK_MS),
      headers: token ? { authorization: `Bearer ${token}` } : {},
    });
    const figure = /^ofitec_http_requests_in_flight(?:\{[^}]*\})? (\d+)$/m.exec(
      await answer.text(),
    );
    if (answer.status !== 200 || !figure) return null;
    // On the port of the application the question itself is one of them.
    const self = new URL(metricsUrl).origin === url ? 1 : 0;
    return Math.max(0, Number(figure[1]) - self);
  } catch {
    return null;
  }
}
