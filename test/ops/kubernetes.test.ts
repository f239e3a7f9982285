import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { installFromPyPi, run } from '#test';

const FOLDER = 'infra/kubernetes';
/** The oldest that its makers still mend, and the newest whose schemas the validator has. */
const VERSIONS = ['1.29', '1.37'];

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly env?: readonly { name: string; value?: string }[];
  readonly resources: { limits: object; requests: object };
  readonly ports?: readonly { name: string; containerPort: number }[];
  readonly volumeMounts: readonly { mountPath: string }[];
}
interface Probe {
  readonly httpGet: { path: string; port: string };
}
interface PodSpec {
  readonly containers: readonly Container[];
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext: object;
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { name: string; namespace?: string };
  readonly spec: Record<string, unknown> & {
    readonly template?: { metadata: { labels: Record<string, string> }; spec: PodSpec };
  };
}

/** The manifests as the cluster's own schemas read them, and what the house demands beyond. */
describe('infra/kubernetes', () => {
  let folder: string;
  let validator: string;
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
  const manifests = files.flatMap((name) =>
    parseAllDocuments(readFileSync(join(FOLDER, name), 'utf8')).map(
      (document) => document.toJS() as Manifest,
    ),
  );
  const workloads = manifests.filter(({ spec }) => spec?.template);
  const podOf = (manifest: Manifest): PodSpec => manifest.spec.template?.spec as PodSpec;
  const byName = (kind: string, name: string): Manifest =>
    manifests.find((each) => each.kind === kind && each.metadata.name === name) as Manifest;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-kubernetes-'));
    validator = join(await installFromPyPi('kubernetes'), 'bin', 'kubernetes-validate');
  }, 240_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const validate = async (version: string, names: readonly string[]): Promise<number | null> =>
    (await run(validator, ['--strict', '--quiet', '-k', version, ...names]).end()).code;

  it.each(VERSIONS)(
    'is valid for Kubernetes %s',
    async (version) => {
      expect(files).toEqual(['migrate.yaml', 'namespace.yaml', 'network-policy.yaml', 'server.yaml', 'worker.yaml']); // prettier-ignore
      const names = files.map((name) => join(FOLDER, name));
      expect(await validate(version, names)).toBe(0);
    },
    120_000,
  );

  it('would be told of a wrong word', async () => {
    const text = readFileSync(join(FOLDER, 'server.yaml'), 'utf8');
    const broken = join(folder, 'server.yaml');
    writeFileSync(broken, text.replace('readOnlyRootFilesystem', 'readOnlyRootFileSystem'));
    expect(await validate('1.29', [broken])).not.toBe(0);
  }, 60_000);

  it('runs nothing as root, nothing that may write where it is, nothing without limits', () => {
    expect(workloads.map(({ metadata }) => metadata.name).sort()).toEqual(['ofitec-migrate-0.1.0', 'ofitec-server', 'ofitec-worker']); // prettier-ignore
    for (const workload of workloads) {
      const pod = podOf(workload);
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.securityContext).toMatchObject({
        ...{ runAsNonRoot: true, runAsUser: 10001 },
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const container of pod.containers) {
        expect(container.securityContext).toEqual({
          ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
          capabilities: { drop: ['ALL'] },
        });
        expect(Object.keys(container.resources.limits).sort()).toEqual(['cpu', 'memory']);
        expect(container.volumeMounts.map(({ mountPath }) => mountPath).sort()).toEqual(['/tmp', '/var/lib/ofitec']); // prettier-ignore
      }
    }
  });

  it('names one image, by a version, the one of the package', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const images = workloads.flatMap((each) => podOf(each).containers.map(({ image }) => image));
    expect([...new Set(images)]).toEqual([`registry.example.cl/ofitec:${version}`]);
  });

  it('holds no secret, and gives the owner’s to the migration alone', () => {
    expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    for (const workload of workloads) {
      const text = JSON.stringify(workload);
      const isMigration = workload.metadata.name.includes('migrate');
      expect([workload.metadata.name, text.includes('ofitec-owner')]).toEqual([workload.metadata.name, isMigration]); // prettier-ignore
      const plain = podOf(workload).containers.flatMap(({ env }) => env ?? []).filter(({ value }) => value !== undefined); // prettier-ignore
      expect(plain.filter(({ name }) => /SECRET|TOKEN|PASSWORD|URL/.test(name))).toEqual([]);
    }
  });

  it('probes what answers, on a port that is open', () => {
    const source = readFileSync('src/kernel/http/health.controller.ts', 'utf8');
    for (const name of ['ofitec-server', 'ofitec-worker']) {
      const pod = podOf(byName('Deployment', name));
      const [container] = pod.containers;
      const probes = ['startup', 'readiness', 'liveness'].map(
        (kind) => (container as unknown as Record<string, Probe>)[`${kind}Probe`]?.httpGet,
      );
      expect(probes.map((probe) => probe?.path)).toEqual(['/health/startup', '/health/ready', '/health/live']); // prettier-ignore
      for (const probe of probes) {
        expect(source).toMatch(new RegExp(`@Get\\('${probe?.path.split('/').pop()}'\\)`));
        expect(container?.ports?.map((port) => port.name)).toContain(probe?.port);
      }
      // The house's own limit: 75 s to end, beside the drain.
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(75 + 15);
    }
    const worker = podOf(byName('Deployment', 'ofitec-worker')).containers[0];
    const port = worker?.ports?.[0]?.containerPort;
    expect(worker?.env).toContainEqual({ name: 'METRICS_BIND', value: `0.0.0.0:${port}` });
  });

  it('starts programs that there are', () => {
    const commands = workloads.flatMap((each) => podOf(each).containers.map(({ command }) => command));
    for (const command of commands.filter((each) => each !== undefined)) {
      const script = command.find((word) => word.startsWith('dist/')) ?? '';
      expect(readdirSync('src')).toContain(script.replace('dist/src/', '').replace(/js$/, 'ts'));
    }
  }); // prettier-ignore

  it('denies every way in and out that is not said', () => {
    expect(byName('NetworkPolicy', 'default-deny').spec).toEqual({
      ...{ podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    });
    const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy');
    const ports = policies.flatMap(({ spec }) => JSON.stringify(spec).match(/"port":\d+/g) ?? []);
    expect([...new Set(ports)].sort()).toEqual(['"port":3000', '"port":443', '"port":465', '"port":53', '"port":5432', '"port":587', '"port":9465']); // prettier-ignore
    expect(JSON.stringify(byName('NetworkPolicy', 'outward'))).toContain('169.254.0.0/16');
  });

  it('keeps a server while nodes are drained, and finds the pods that it speaks of', () => {
    for (const name of ['ofitec-server', 'ofitec-worker']) {
      const labels = byName('Deployment', name).spec.template?.metadata.labels;
      const budget = byName('PodDisruptionBudget', name).spec;
      expect(budget['selector']).toEqual({ matchLabels: labels });
    }
    expect(byName('PodDisruptionBudget', 'ofitec-server').spec['minAvailable']).toBe(1);
    const server = byName('Deployment', 'ofitec-server').spec;
    expect(server['replicas']).toBeGreaterThan(1);
    expect(byName('Service', 'ofitec').spec['selector']).toEqual(server.template?.metadata.labels);
  });
});
