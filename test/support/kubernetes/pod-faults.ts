import type { Surroundings } from './faults.js';
import type { Container, Manifest, PodSpec, Probe, Workload } from './manifest.js';

/** What a process of the house takes to end, beside its drain (END_LIMIT_MS of src/lifetime.ts). */
const END_SECONDS = 75;
/** What the level `restricted` of pod security lets a pod mount, of what is used here. */
const MOUNTABLE = ['configMap', 'emptyDir', 'projected', 'secret'];

/** What is wrong with the pods of a workload, in words. */
export function podFaults(
  { manifest, name, pod }: Workload,
  manifests: readonly Manifest[],
  around: Surroundings,
): string[] {
  const settings = manifests.find(({ kind }) => kind === 'ConfigMap')?.data ?? {};
  const faults = [
    ...referenceFaults(pod, manifests, around),
    ...rightFaults(pod, around),
    ...pod.containers.flatMap((container) => [
      ...containerRightFaults(container),
      ...resourceFaults(container),
      ...settingFaults(container, settings, around),
      ...programFaults(container, around),
      ...probeFaults(container, around),
    ]),
    ...(manifest.kind === 'Deployment' ? endFaults(pod, settings) : []),
  ];
  return faults.map((fault) => `${name}: ${fault}`);
}

function referenceFaults(
  pod: PodSpec,
  manifests: readonly Manifest[],
  { secrets }: Surroundings,
): string[] {
  const has = (kind: string, name = ''): boolean =>
    manifests.some((each) => each.kind === kind && each.metadata.name === name);
  const faults: string[] = [];
  const need = (is: boolean, fault: string): void => void (is || faults.push(fault));
  need(has('ServiceAccount', pod.serviceAccountName), `no account ${pod.serviceAccountName}`);
  const volumes = (pod.volumes ?? []).map(({ name }) => name);
  for (const { envFrom = [], env = [], volumeMounts = [] } of pod.containers) {
    for (const { configMapRef, secretRef } of envFrom) {
      if (configMapRef) need(has('ConfigMap', configMapRef.name), `no settings ${configMapRef.name}`); // prettier-ignore
      if (secretRef) need(secretRef.name in secrets, `nobody makes the secret ${secretRef.name}`);
    }
    for (const { valueFrom } of env) {
      const { name = '', key = '' } = valueFrom?.secretKeyRef ?? {};
      if (name) need(secrets[name]?.includes(key) === true, `the secret ${name} has no ${key}`);
    }
    for (const { name } of volumeMounts) need(volumes.includes(name), `no volume ${name}`);
    const mounted = volumeMounts.map(({ name }) => name);
    for (const name of volumes) need(mounted.includes(name), `nobody mounts the volume ${name}`);
  }
  return faults;
}

/** The level `restricted` of pod security, which the namespace enforces, and the user that owns nothing in the image. */
function rightFaults(pod: PodSpec, { user }: Surroundings): string[] {
  const { runAsNonRoot, runAsUser, runAsGroup, fsGroup, seccompProfile } = pod.securityContext ?? {}; // prettier-ignore
  const faults: string[] = [];
  const need = (is: boolean, fault: string): void => void (is || faults.push(fault));
  need(runAsNonRoot === true, 'may run as root');
  need(
    runAsUser === user.uid && runAsGroup === user.gid,
    `runs as another than the image’s ${user.uid}:${user.gid}`,
  );
  need(fsGroup === user.gid, 'may not write what it mounts');
  const profile = (seccompProfile as { type?: string } | undefined)?.type;
  need(profile === 'RuntimeDefault', 'may make every system call');
  need(!pod.hostNetwork && !pod.hostPID && !pod.hostIPC, 'is not apart from its node');
  need(pod.automountServiceAccountToken === false, 'holds a token of the cluster');
  for (const { name, ...kinds } of pod.volumes ?? []) {
    const isFine = Object.keys(kinds).every((kind) => MOUNTABLE.includes(kind));
    need(isFine, `mounts ${name}, which the namespace forbids`);
  }
  return faults;
}

function containerRightFaults({ securityContext = {} }: Container): string[] {
  const { allowPrivilegeEscalation, readOnlyRootFilesystem, privileged } = securityContext;
  const capabilities = securityContext['capabilities'] as
    { drop?: string[]; add?: string[] } | undefined;
  return [
    ...(allowPrivilegeEscalation === false && privileged !== true ? [] : ['may gain rights']),
    ...(readOnlyRootFilesystem === true ? [] : ['may change its own program']),
    ...(capabilities?.drop?.includes('ALL') && !capabilities.add ? [] : ['keeps capabilities']),
  ];
}

function resourceFaults({ resources }: Container): string[] {
  return ['cpu', 'memory'].flatMap((kind) => {
    const [asked, most] = [resources?.requests?.[kind], resources?.limits?.[kind]];
    if (asked === undefined || most === undefined) return [`no request or limit of ${kind}`];
    return amountOf(asked) <= amountOf(most) ? [] : [`asks for more ${kind} than it may use`];
  });
}

/** Cores or bytes. */
function amountOf(quantity: string): number {
  const [, digits = '', unit = ''] = /^([\d.]+)(m|Ki|Mi|Gi)?$/.exec(quantity) ?? [];
  const factor = { m: 0.001, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 }[unit] ?? 1;
  return digits === '' ? NaN : Number(digits) * factor;
}

function settingFaults(
  { env = [], ports = [], volumeMounts = [] }: Container,
  settings: Readonly<Record<string, string>>,
  { variables }: Surroundings,
): string[] {
  const names = [...Object.keys(settings), ...env.map(({ name }) => name)];
  const faults = names
    .filter((name) => !variables.includes(name))
    .map((name) => `${name} is no variable of OFITEC`);
  const open = ports.map(({ containerPort }) => String(containerPort));
  for (const { name, value = '' } of env.filter((each) => /^(PORT|METRICS_BIND)$/.test(each.name))) {
    const port = value.split(':').at(-1) ?? '';
    if (!open.includes(port)) faults.push(`${name} is ${value}, and the port is not opened`);
    if (name === 'METRICS_BIND' && !value.startsWith('0.0.0.0:')) faults.push(`${name} ${value} is not reached from outside`); // prettier-ignore
  }
  const home = settings['OFITEC_HOME'] ?? '';
  if (!volumeMounts.some(({ mountPath }) => mountPath === home)) {
    faults.push(`OFITEC_HOME ${home} cannot be written to`);
  }
  return faults;
} // prettier-ignore

function programFaults({ command = [] }: Container, { has }: Surroundings): string[] {
  if (command.length === 0) return [];
  const [program = '', ...rest] = command;
  const script = rest.find((word) => !word.startsWith('--')) ?? '';
  return [program, script].filter((path) => !has(path)).map((path) => `the image has no ${path}`);
}

function probeFaults(container: Container, { routes }: Surroundings): string[] {
  const { ports = [] } = container;
  const probes = (['startupProbe', 'readinessProbe', 'livenessProbe'] as const).flatMap((kind) => {
    const probe = container[kind];
    return probe ? [[kind, probe] as [string, Probe]] : [];
  });
  if (ports.length > 0 && probes.length < 3) return ['listens and is not asked how it is'];
  return probes.flatMap(([kind, { httpGet }]) => [
    ...(routes.includes(httpGet.path) ? [] : [`${kind}: no route ${httpGet.path}`]),
    ...(ports.some(({ name }) => name === httpGet.port) ? [] : [`${kind}: no port ${httpGet.port}`]),
  ]);
} // prettier-ignore

/** It drains for as long as the balancer takes to notice, and is killed only when it could have ended. */
function endFaults(pod: PodSpec, settings: Readonly<Record<string, string>>): string[] {
  const drain = Number(settings['DRAIN_SECONDS'] ?? NaN);
  const faults: string[] = [];
  if (!((pod.terminationGracePeriodSeconds ?? 30) >= drain + END_SECONDS)) {
    faults.push('is killed before it can have ended');
  }
  for (const { readinessProbe, ports = [] } of pod.containers) {
    // Only a server has a balancer in front.
    if (!readinessProbe || !ports.some(({ name }) => name === 'http')) continue;
    const notices = readinessProbe.periodSeconds * readinessProbe.failureThreshold;
    if (!(notices < drain)) faults.push('ends before the balancer has noticed');
  }
  return faults;
}
