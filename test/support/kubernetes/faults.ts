import { selects, workloadsOf } from './manifest.js';
import type { Container, Manifest, Selector, Workload } from './manifest.js';
import { podFaults } from './pod-faults.js';

/** What manifests speak of and do not hold. */
export interface Surroundings {
  /** Of the image: who runs it, and where. */
  readonly user: { readonly uid: number; readonly gid: number };
  /** Whether a file is built into the image. */
  has(path: string): boolean;
  /** Paths that a process answers. */
  readonly routes: readonly string[];
  /** Secrets that the page has the operator make, with their keys. */
  readonly secrets: Readonly<Record<string, readonly string[]>>;
  /** Variables that OFITEC reads. */
  readonly variables: readonly string[];
}

/** What no schema finds: names that lead nowhere, numbers that contradict each other. In words; empty is well. */
export function manifestFaults(manifests: readonly Manifest[], around: Surroundings): string[] {
  const workloads = workloadsOf(manifests);
  return [
    ...manifests.flatMap((manifest) => placeFaults(manifest, manifests)),
    ...workloads.flatMap((workload) => rolloutFaults(workload, workloads)),
    ...workloads.flatMap((workload) => podFaults(workload, manifests, around)),
    ...manifests.flatMap((manifest) => serviceFaults(manifest, workloads)),
    ...manifests.flatMap((manifest) => budgetFaults(manifest, workloads)),
    ...manifests.flatMap((manifest) => policyFaults(manifest, workloads)),
  ];
}

function placeFaults({ kind, metadata }: Manifest, manifests: readonly Manifest[]): string[] {
  const { name, namespace } = metadata;
  if (kind === 'Namespace') return [];
  const isThere = manifests.some((each) => each.kind === 'Namespace' && each.metadata.name === namespace); // prettier-ignore
  return isThere ? [] : [`${kind} ${name}: its namespace ${namespace} is none of these`];
}

function rolloutFaults(workload: Workload, workloads: readonly Workload[]): string[] {
  const { manifest, name, labels, pod } = workload;
  const { spec } = manifest;
  const faults: string[] = [];
  if (manifest.kind === 'Job') {
    const tag = pod.containers[0]?.image.split(':')[1] ?? '';
    if (!name.endsWith(tag)) faults.push(`${name}: does not end with its image’s ${tag}`);
    if (pod.restartPolicy !== 'Never') faults.push(`${name}: a job’s pod that starts again`);
    return faults;
  }
  const selector = spec?.selector ?? {};
  if (!selects(selector, labels)) faults.push(`${name}: its selector does not find its own pods`);
  const found = workloads.filter((each) => selects(selector, each.labels));
  if (found.length > 1) faults.push(`${name}: its selector finds pods of others, too`);
  const rolling = spec?.strategy?.rollingUpdate;
  if (rolling?.maxSurge === 0 && rolling.maxUnavailable === 0) {
    faults.push(`${name}: may neither add a pod nor take one away`);
  }
  for (const { labelSelector } of pod.topologySpreadConstraints ?? []) {
    if (!selects(labelSelector, labels)) faults.push(`${name}: spreads pods that are not its own`);
  }
  return faults;
}

function serviceFaults({ kind, metadata, spec }: Manifest, workloads: readonly Workload[]): string[] {
  if (kind !== 'Service') return [];
  // A service's selector is its labels themselves.
  const found = workloads.filter(({ labels }) => selects({ matchLabels: spec?.selector ?? {} }, labels)); // prettier-ignore
  if (found.length !== 1) return [`Service ${metadata.name}: finds pods of ${found.length} workloads`];
  const open = (found[0]?.pod.containers ?? []).flatMap(({ ports = [] }) => ports);
  return (spec?.ports ?? [])
    .filter(({ targetPort }) => !open.some(({ name, containerPort }) => [name, containerPort].includes(targetPort)))
    .map(({ targetPort }) => `Service ${metadata.name}: no pod has the port ${targetPort}`);
} // prettier-ignore

function budgetFaults({ kind, metadata, spec }: Manifest, workloads: readonly Workload[]): string[] {
  if (kind !== 'PodDisruptionBudget') return [];
  const found = workloads.filter(({ labels }) => selects(spec?.selector as Selector, labels));
  const [only] = found;
  if (!only || found.length > 1) return [`PodDisruptionBudget ${metadata.name}: finds pods of ${found.length} workloads`]; // prettier-ignore
  const replicas = only.manifest.spec?.replicas ?? 1;
  const mayGo = spec?.minAvailable === undefined ? (spec?.maxUnavailable ?? 0) : replicas - spec.minAvailable; // prettier-ignore
  return mayGo > 0 ? [] : [`PodDisruptionBudget ${metadata.name}: no node with a pod of ${only.name} can be drained`]; // prettier-ignore
} // prettier-ignore

function policyFaults({ kind, metadata, spec }: Manifest, workloads: readonly Workload[]): string[] {
  if (kind !== 'NetworkPolicy') return [];
  const found = workloads.filter(({ labels }) => selects(spec?.podSelector ?? {}, labels));
  if (found.length === 0) return [`NetworkPolicy ${metadata.name}: finds no pods`];
  const opened = (spec?.ingress ?? []).flatMap(({ ports = [] }) => ports.map(({ port }) => port));
  return found.flatMap(({ name, pod }) => {
    const open = pod.containers.flatMap(({ ports = [] }: Container) => ports.map(({ containerPort }) => containerPort)); // prettier-ignore
    return opened
      .filter((port) => !open.includes(port))
      .map((port) => `NetworkPolicy ${metadata.name}: ${name} has no port ${port}`);
  });
} // prettier-ignore
