import { ask } from '../dns/ask.js';
import type { EtcdOptions } from '../dns/etcd.js';

/** A member of etcd as it tells itself. */
export interface EtcdMember {
  readonly endpoint: string;
  readonly id: string;
  /** Whom it takes for etcd's leader. */
  readonly leader: string;
  /** How far its log has come. */
  readonly index: number;
  /** Neither a learner nor under an alarm (no space, damaged). */
  readonly isFit: boolean;
}

/**
 * Whether etcd's leader sits on the host of the primary, and who takes it instead. A new leader of
 * etcd prolongs every lease by its whole time: a host that dies with both is replaced some six seconds
 * later than one that dies with the primary alone.
 *
 * @param host the primary's host, as in the endpoints
 * @returns whom to ask and who leads then; null when all is as it should be, or nobody else is well
 */
export function seatFor(
  members: readonly EtcdMember[],
  host: string,
): { readonly from: EtcdMember; readonly to: EtcdMember } | null {
  const from = members.find(({ endpoint }) => new URL(endpoint).hostname === host);
  if (!from || from.leader !== from.id) return null;
  // Who takes somebody else for the leader, or nobody, does not hear this one.
  // Of those who do, the one that has the most: etcd waits for one that lags, and then gives up.
  const [to] = members
    .filter(({ id, leader, isFit }) => isFit && id !== from.id && leader === from.id)
    .sort((a, b) => b.index - a.index);
  return to ? { from, to } : null;
}

/** Moves etcd's leader off a host. @returns the member that leads now; null when nothing had to move */
export async function leaveSeat(etcd: EtcdOptions, host: string): Promise<EtcdMember | null> {
  const told = await Promise.all(etcd.endpoints.map(async (endpoint) => tell(etcd, endpoint)));
  const move = seatFor(
    told.flatMap((member) => member ?? []),
    host,
  );
  if (!move) return null;
  const answer = await post(etcd, move.from.endpoint, 'transfer-leadership', {
    targetID: move.to.id,
  });
  if (answer.status !== 200) throw new Error(`etcd: ${answer.status} ${answer.body.slice(0, 200)}`);
  return move.to;
}

async function tell(etcd: EtcdOptions, endpoint: string): Promise<EtcdMember | null> {
  try {
    const { status, body } = await post(etcd, endpoint, 'status', {});
    if (status !== 200) return null;
    const {
      header,
      leader = '0',
      raftIndex,
      isLearner,
      errors,
    } = JSON.parse(body) as {
      header?: { member_id?: string };
      leader?: string;
      raftIndex?: string;
      isLearner?: boolean;
      errors?: readonly string[];
    };
    const isFit = isLearner !== true && (errors ?? []).length === 0;
    return { endpoint, id: header?.member_id ?? '', leader, index: Number(raftIndex ?? 0), isFit };
  } catch {
    return null;
  }
}

async function post(
  { timeoutMs, tls }: EtcdOptions,
  endpoint: string,
  verb: string,
  body: object,
): Promise<{ status: number; body: string }> {
  return ask(new URL(`/v3/maintenance/${verb}`, endpoint).href, {
    ...{ method: 'POST', body: JSON.stringify(body), timeoutMs },
    ...(tls ? { tls } : {}),
  });
}
