import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { kubernetes } from '#test';

const { manifestFaults, mayPass, readManifests, workloadsOf } = kubernetes;

const FOLDER = 'infra/kubernetes';
const read = (path: string): string => readFileSync(path, 'utf8');
const texts: Record<string, string> = Object.fromEntries(
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => [name.replace('.yaml', ''), read(join(FOLDER, name))]),
);

/** What the manifests lead to, each read from where it is. */
function surroundings(): kubernetes.Surroundings {
  const [, uid = '', gid = ''] = /^USER (\d+):(\d+)$/m.exec(read('infra/container/Containerfile')) ?? []; // prettier-ignore
  const health = read('src/kernel/http/health.controller.ts');
  const made = read(join(FOLDER, 'README.md')).matchAll(
    /create secret generic (\S+) .*# ([\w, ]+)$/gm,
  );
  return {
    user: { uid: Number(uid), gid: Number(gid) },
    has: (path) => existsSync(path.replace(/^dist\/(.*)\.js$/, '$1.ts')),
    routes: [...health.matchAll(/@Get\('(\w+)'\)/g)].map(([, name]) => `/health/${name}`),
    secrets: Object.fromEntries([...made].map(([, name = '', keys = '']) => [name, keys.split(', ')])),
    variables: [...read('README.md').matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name = '']) => name),
  };
} // prettier-ignore

const faultsOf = (changed: Record<string, string> = {}): string[] =>
  manifestFaults(readManifests(Object.values({ ...texts, ...changed })), surroundings());

/** What no schema can say, since it is between one manifest and another, the image, the pages and the program. */
describe('infra/kubernetes, as it would run', () => {
  it('has no fault', () => {
    const { user, routes, secrets, variables } = surroundings();
    expect(user.uid).toBeGreaterThan(0);
    expect([...routes].sort()).toEqual(['/health/live', '/health/ready', '/health/startup']);
    expect(Object.keys(secrets)).toEqual(['ofitec', 'ofitec-owner']);
    expect(variables.length).toBeGreaterThan(40);
    expect(faultsOf()).toEqual([]);
  });

  it.each<[string, string, string | RegExp, string, RegExp]>([
    ['a selector that finds none of its own', 'worker', /matchLabels:\n {6}app.kubernetes.io\/name: ofitec\n {6}app.kubernetes.io\/component: worker\n {2}template/, 'matchLabels: { a: b }\n  template', /its selector does not find its own pods/],
    ['a selector that finds others’', 'worker', /matchLabels:\n {6}app.kubernetes.io\/name: ofitec\n {6}app.kubernetes.io\/component: worker\n {2}template/, 'matchLabels: { app.kubernetes.io/name: ofitec }\n  template', /finds pods of others/],
    ['pods spread by labels of others', 'server', /(topologySpread[^]*?component: )server/, '$1worker', /spreads pods that are not its own/],
    ['a service of another’s pods', 'server', /(kind: Service[^]*?component: )server/, '$1web', /Service ofitec: finds pods of 0/],
    ['a service of all pods', 'server', /(kind: Service\n[^]*?)\n {4}app.kubernetes.io\/component: server/, '$1', /Service ofitec: finds pods of 3/],
    ['a service on a port without a name', 'server', 'targetPort: http', 'targetPort: web', /no pod has the port web/],
    ['a probe on a port that is not there', 'worker', /(livenessProbe:[^]*?port: )watch/, '$1http', /livenessProbe: no port http/],
    ['a probe of a path that is no route', 'server', '/health/ready', '/health/readiness', /readinessProbe: no route \/health\/readiness/],
    ['no probe', 'server', /livenessProbe:[^]*?failureThreshold: 6\n/, '\n', /is not asked how it is/],
    ['a budget as large as what there is', 'server', 'minAvailable: 1', 'minAvailable: 2', /no node with a pod of ofitec-server can be drained/],
    ['a budget of nobody', 'worker', /(kind: PodDisruptionBudget[^]*?component: )worker/, '$1works', /ofitec-worker: finds pods of 0/],
    ['settings that are not defined', 'server', /configMapRef:\n {16}name: ofitec/, 'configMapRef:\n                name: settings', /no settings settings/],
    ['a secret that nobody makes', 'worker', /secretRef:\n {16}name: ofitec/, 'secretRef:\n                name: keys', /nobody makes the secret keys/],
    ['a key that the secret has not', 'migrate', 'key: DATABASE_OWNER_URL', 'key: OWNER_URL', /ofitec-owner has no OWNER_URL/],
    ['an account that is not defined', 'server', 'serviceAccountName: ofitec', 'serviceAccountName: erp', /no account erp/],
    ['a namespace that is not defined', 'worker', /namespace: ofitec/, 'namespace: erp', /its namespace erp is none/],
    ['a volume that is not defined', 'server', '- name: tmp\n              mountPath', '- name: temp\n              mountPath', /no volume temp/],
    ['a home that is not mounted', 'namespace', 'OFITEC_HOME: /var/lib/ofitec', 'OFITEC_HOME: /srv', /OFITEC_HOME \/srv cannot be written to/],
    ['a variable that nobody reads', 'namespace', 'TRUSTED_PROXIES:', 'TRUSTED_PROXY:', /TRUSTED_PROXY is no variable/],
    ['a port that is not opened', 'server', "value: '3000'", "value: '8000'", /PORT is 8000, and the port is not opened/],
    ['metrics for itself alone', 'worker', '0.0.0.0:9465', '127.0.0.1:9465', /is not reached from outside/],
    ['a program that there is not', 'worker', 'dist/src/worker.js', 'dist/src/works.js', /the image has no dist\/src\/works.js/],
    ['another user than the image’s', 'server', 'runAsUser: 10001', 'runAsUser: 1000', /runs as another than the image’s 10001:10001/],
    ['root', 'worker', 'runAsNonRoot: true', 'runAsNonRoot: false', /may run as root/],
    ['a group that may not write', 'server', 'fsGroup: 10001', 'fsGroup: 0', /may not write what it mounts/],
    ['every system call', 'migrate', 'type: RuntimeDefault', 'type: Unconfined', /every system call/],
    ['rights to be gained', 'server', 'allowPrivilegeEscalation: false', 'allowPrivilegeEscalation: true', /may gain rights/],
    ['a program that changes itself', 'server', 'readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false', /change its own program/],
    ['capabilities', 'worker', 'drop: [ALL]', 'drop: [NET_RAW]', /keeps capabilities/],
    ['the node’s network', 'server', 'enableServiceLinks: false', 'hostNetwork: true', /not apart from its node/],
    ['the node’s files', 'worker', /- name: home\n {10}emptyDir:\n {12}sizeLimit: 1Gi/, '- name: home\n          hostPath: { path: /srv }', /mounts home, which the namespace forbids/],
    ['a token of the cluster', 'server', 'automountServiceAccountToken: false', 'automountServiceAccountToken: true', /token of the cluster/],
    ['no limit', 'worker', /limits:\n {14}cpu: '1'\n {14}memory: 1Gi/, "limits:\n              cpu: '1'", /no request or limit of memory/],
    ['more asked than allowed', 'server', 'memory: 512Mi', 'memory: 2Gi', /asks for more memory/],
    ['an end before the end', 'server', 'terminationGracePeriodSeconds: 100', 'terminationGracePeriodSeconds: 60', /killed before it can have ended/],
    ['a balancer that notices too late', 'server', /(?<=readinessProbe:[^]*?failureThreshold: )2/, '6', /before the balancer has noticed/],
    ['a rollout that cannot begin', 'server', 'maxSurge: 1', 'maxSurge: 0', /neither add a pod nor take one away/],
    ['a job of an older version', 'migrate', 'name: ofitec-migrate-0.1.0', 'name: ofitec-migrate-0.0.9', /does not end with its image’s 0.1.0/],
    ['a policy of nobody', 'network-policy', /(server-from-proxy[^]*?component: )server/, '$1web', /server-from-proxy: finds no pods/],
    ['a policy for a port that is not there', 'network-policy', 'port: 9465', 'port: 9464', /ofitec-worker has no port 9464/],
  ])('would say of %s', (_, file, from, to, fault) => {
    const broken = (texts[file] ?? '').replace(from, to);
    expect(broken).not.toBe(texts[file]);
    expect(faultsOf({ [file]: broken })).toContainEqual(expect.stringMatching(fault));
  }); // prettier-ignore

  describe('the network', () => {
    const manifests = readManifests(Object.values(texts));
    const labels = Object.fromEntries(
      workloadsOf(manifests).map(({ labels }) => [labels['app.kubernetes.io/component'], labels]),
    );
    const [INGRESS, PROMETHEUS, OTHERS, NAMES] = ['ingress-nginx', 'monitoring', 'default', 'kube-system'].map((namespace) => ({ namespace })); // prettier-ignore
    const at = (address: string): kubernetes.End => ({ address });
    const passes = (who: string, way: 'Ingress' | 'Egress', end: kubernetes.End | undefined, port: number, protocol = 'TCP'): boolean =>
      mayPass(manifests, labels[who] ?? {}, way, { end: end as kubernetes.End, port, protocol }); // prettier-ignore

    it.each([
      ['server', 'the proxy', INGRESS, 3000, true],
      ['worker', 'the proxy', INGRESS, 9465, false],
      ['server', 'Prometheus', PROMETHEUS, 3000, true],
      ['worker', 'Prometheus', PROMETHEUS, 9465, true],
      ['server', 'Prometheus', PROMETHEUS, 9465, false],
      ['worker', 'Prometheus', PROMETHEUS, 3000, false],
      ['migrate', 'Prometheus', PROMETHEUS, 3000, false],
      ['migrate', 'the proxy', INGRESS, 3000, false],
      ['server', 'anybody else', OTHERS, 3000, false],
      ['worker', 'anybody else', OTHERS, 9465, false],
      ['server', 'an address outside', at('203.0.113.9'), 3000, false],
    ] as const)('to the %s: %s on %#', (who, _, end, port, may) => {
      expect(passes(who, 'Ingress', end, port)).toBe(may);
    });

    it.each(['server', 'worker', 'migrate'])('lets the %s out to what it uses, and nowhere else', (who) => {
      const isMigration = who === 'migrate';
      const out = (end: kubernetes.End | undefined, port: number, protocol?: string): boolean => passes(who, 'Egress', end, port, protocol);
      expect([out(NAMES, 53, 'UDP'), out(NAMES, 53), out(NAMES, 443)]).toEqual([true, true, false]);
      expect([out(at('10.20.4.5'), 5432), out(at('10.20.4.5'), 22)]).toEqual([true, false]);
      expect([out(at('10.21.0.5'), 5432), out(OTHERS, 5432)]).toEqual([false, false]);
      // Webhooks and mail; the migration holds the owner's login and has nobody to tell.
      const told = [443, 465, 587].map((port) => out(at('203.0.113.9'), port));
      expect(told).toEqual([!isMigration, !isMigration, !isMigration]);
      expect([out(at('203.0.113.9'), 80), out(at('203.0.113.9'), 25), out(at('203.0.113.9'), 443, 'UDP')]).toEqual([false, false, false]);
      // Neither the cloud's metadata nor the cluster's own API.
      for (const address of ['169.254.169.254', '10.96.0.1', '172.20.0.1', '192.168.1.1']) expect([address, out(at(address), 443)]).toEqual([address, false]);
    }); // prettier-ignore
  });
});
