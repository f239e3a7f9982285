import { BlockList } from 'node:net';
import { selects } from './manifest.js';
import type { Labels, Manifest, NetworkRule, Peer } from './manifest.js';

/** Somebody at the other end: pods of a namespace, or an address that is no pod's. */
export type End = { readonly namespace: string } | { readonly address: string };

/**
 * Whether pods with these labels may be talked to, or may talk, as a cluster reads NetworkPolicies: what no
 * policy speaks of is open, and of those that do one is enough.
 */
export function mayPass(
  manifests: readonly Manifest[],
  labels: Labels,
  way: 'Ingress' | 'Egress',
  { end, protocol, port }: { end: End; protocol: string; port: number },
): boolean {
  const policies = manifests.filter(
    ({ kind, spec }) =>
      kind === 'NetworkPolicy' &&
      spec?.policyTypes?.includes(way) === true &&
      selects(spec.podSelector ?? {}, labels),
  );
  if (policies.length === 0) return true;
  return policies.some(({ spec }) => {
    const rules = (way === 'Ingress' ? spec?.ingress : spec?.egress) ?? [];
    return rules.some((rule) => {
      const peers = rule.from ?? rule.to;
      const isPeer = peers === undefined || peers.some((peer) => means(peer, end));
      return isPeer && opens(rule, protocol, port);
    });
  });
}

function opens({ ports }: NetworkRule, protocol: string, port: number): boolean {
  return (
    ports === undefined || ports.some((each) => each.protocol === protocol && each.port === port)
  );
}

function means({ namespaceSelector, podSelector, ipBlock }: Peer, end: End): boolean {
  if ('namespace' in end) {
    if (podSelector !== undefined) throw new Error('a podSelector of a peer is not read here');
    const labels = { 'kubernetes.io/metadata.name': end.namespace };
    return namespaceSelector !== undefined && selects(namespaceSelector, labels);
  }
  if (!ipBlock) return false;
  const isIn = (cidr: string): boolean => {
    const [network = '', bits] = cidr.split('/');
    const list = new BlockList();
    list.addSubnet(network, Number(bits));
    return list.check(end.address);
  };
  return isIn(ipBlock.cidr) && !(ipBlock.except ?? []).some(isIn);
}
