import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { kernelConfig } from '../config/kernel.config.js';
import type { DoctorCheck, DoctorFinding, DoctorState } from './check.js';

const PAGE = 'runbooks/doctor.md';
const [LOW_PERCENT, EMPTY_PERCENT] = [10, 3];
const [RENEW_DAYS, LATE_DAYS] = [21, 7];
const DAY_MS = 86_400_000;

/** What is looked at on this machine: runtime, disk, certificate, and whether the server is ready. */
export const machineChecks: readonly DoctorCheck[] = [
  {
    name: 'Node',
    runbook: `${PAGE}#node`,
    look: async () => {
      const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
      const isOld = major < 24 || (major === 24 && minor < 11);
      const isOther = major > 24;
      const words = isOld ? '; 24.11 or newer is needed' : isOther ? '; tested is 24' : '';
      const state = isOld ? 'critical' : isOther ? 'warning' : 'good';
      return [told('Node', state, `version ${process.versions.node}${words}`, `${PAGE}#node`)];
    },
  },
  {
    name: 'disk',
    runbook: 'runbooks/playbooks/disk_low.md',
    look: async ({ home }) => {
      const folders = [home, process.cwd()];
      const found: DoctorFinding[] = [];
      for (const folder of folders) {
        const { bavail = 0, blocks = 0 } = (await statfs(folder).catch(() => null)) ?? {};
        if (blocks === 0) continue;
        const percent = Math.floor((bavail / blocks) * 100);
        const state =
          percent < EMPTY_PERCENT ? 'critical' : percent < LOW_PERCENT ? 'warning' : 'good';
        found.push(
          told('disk', state, `${folder} has ${percent} % left`, 'runbooks/playbooks/disk_low.md'),
        );
        if (folder === home) break;
      }
      return found;
    },
  },
  {
    name: 'certificate',
    runbook: 'runbooks/playbooks/certificate_expiring.md',
    look: async ({ config }) =>
      config.of(kernelConfig).DOCTOR_CERTIFICATES.map((file) => certificate(file, new Date())),
  },
  {
    name: 'server',
    runbook: 'runbooks/playbooks/process_not_ready.md',
    look: async ({ config }) => {
      const { DOCTOR_READY_URL: url } = config.of(kernelConfig);
      if (!url) return [];
      const page = 'runbooks/playbooks/process_not_ready.md';
      const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
      if (!answer) return [told('server', 'critical', `${url} does not answer`, page)];
      const words = `${url} answers ${answer.status}`;
      return [told('server', answer.status === 200 ? 'good' : 'critical', words, page)];
    },
  },
];

function certificate(file: string, now: Date): DoctorFinding {
  const page = 'runbooks/playbooks/certificate_expiring.md';
  const end = new Date(new X509Certificate(readFileSync(file)).validTo);
  const days = Math.floor((end.getTime() - now.getTime()) / DAY_MS);
  const state = days < LATE_DAYS ? 'critical' : days < RENEW_DAYS ? 'warning' : 'good';
  const words = days < 0 ? `${file} ended on ${end.toISOString()}` : `${file} ends in ${days} days`;
  return told('certificate', state, words, page);
}

function told(what: string, state: DoctorState, sentence: string, runbook: string): DoctorFinding {
  return { what, state, sentence, runbook };
}
