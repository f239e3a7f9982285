import { ask } from '../dns/ask.js';

/** A member as its own Patroni tells it. */
export interface Self {
  readonly state: string;
  readonly isStandby: boolean;
  readonly timeline: number;
  /** The last byte of the log that is on its disk; 0 when it does not tell. */
  readonly position: number;
  readonly isStreaming: boolean;
  /** When this PostgreSQL was started, as a text that tells one start from another. */
  readonly started: string;
}

/** A member of the cluster as Patroni tells it. */
export interface Peer {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly timeline: number | null;
  readonly lagBytes: number | null;
}

const TIMEOUT_MS = 2_000;
/** Patroni waits for the outcome before it answers. */
export const FAILOVER_MS = 15_000;

/** One member's REST API. */
export class Patroni {
  constructor(
    private readonly url: string,
    private readonly password: string,
  ) {}

  /** @throws Error when it does not answer */
  async self(): Promise<Self> {
    const { body } = await ask(new URL('/patroni', this.url).href, { timeoutMs: TIMEOUT_MS });
    const answer = JSON.parse(body) as {
      state?: string;
      replication_state?: string;
      postmaster_start_time?: string;
      role?: string;
      timeline?: number;
      xlog?: { location?: number; received_location?: number; replayed_location?: number };
    };
    const { state = '', role = '', timeline, xlog } = answer;
    // After a restart it tells only what it has replayed, which is on its disk, too.
    const { location = 0, received_location: received = 0, replayed_location: replayed = 0 } = xlog ?? {}; // prettier-ignore
    return {
      state,
      isStandby: ['replica', 'sync_standby', 'quorum_standby', 'standby'].includes(role),
      timeline: timeline ?? 0,
      position: Math.max(location, received, replayed),
      isStreaming: answer.replication_state === 'streaming',
      started: answer.postmaster_start_time ?? '',
    };
  }

  /** @throws Error when it does not answer */
  async cluster(): Promise<Peer[]> {
    const { body } = await ask(new URL('/cluster', this.url).href, { timeoutMs: TIMEOUT_MS });
    const { members = [] } = JSON.parse(body) as {
      members?: { name: string; role: string; state: string; timeline?: number; lag?: unknown }[];
    };
    return members.map(({ name, role, state, timeline, lag }) => ({
      ...{ name, role, state, timeline: timeline ?? null },
      lagBytes: typeof lag === 'number' ? lag : null,
    }));
  }

  /** Makes a member the leader; without a leader there is nobody whom it could take the place from. */
  async promote(candidate: string): Promise<{ status: number; said: string }> {
    const { status, body } = await ask(new URL('/failover', this.url).href, {
      method: 'POST',
      headers: this.credentials,
      body: JSON.stringify({ candidate }),
      timeoutMs: FAILOVER_MS,
    });
    return { status, said: body.slice(0, 200) };
  }

  /** Throws this standby's data away and copies the leader's anew. */
  async reseed(): Promise<{ status: number; said: string }> {
    const { status, body } = await ask(new URL('/reinitialize', this.url).href, {
      method: 'POST',
      headers: this.credentials,
      body: JSON.stringify({ force: true }),
      timeoutMs: FAILOVER_MS,
    });
    return { status, said: body.slice(0, 200) };
  }

  /** Asks the leader to hand over in order; it refuses when it does not see the candidate. */
  async switchover(leader: string, candidate: string): Promise<{ status: number; said: string }> {
    const { status, body } = await ask(new URL('/switchover', this.url).href, {
      method: 'POST',
      headers: this.credentials,
      body: JSON.stringify({ leader, candidate }),
      timeoutMs: FAILOVER_MS,
    });
    return { status, said: body.slice(0, 200) };
  }

  private get credentials(): Readonly<Record<string, string>> {
    const pair = Buffer.from(`patroni:${this.password}`).toString('base64');
    return { authorization: `Basic ${pair}`, 'content-type': 'application/json' };
  }
}
