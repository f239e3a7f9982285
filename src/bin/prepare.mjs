// Makes a fresh checkout runnable: installs the packages and builds, each only when something
// changed. Runs on any Node >= 20 before anything is installed, so it uses Node's own modules only.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const SOURCES = ['src', 'modules', 'migrations', 'infra', 'test', 'tsconfig.json', 'nest-cli.json'];

export function prepare({ quiet = false } = {}) {
  const say = (line) => quiet || process.stdout.write(`· ${line}\n`);
  installPackages(say);
  build(say);
}

function installPackages(say) {
  const mark = join(root, 'node_modules', '.ofitec-installed');
  const wanted = hash(['package.json', 'package-lock.json'].map((name) => contentOf(name)));
  if (existsSync(nodeBinary()) && readIfThere(mark) === wanted) return;
  say('Installing packages (once)');
  // Not `npm ci`: a lock file may lack optional packages of other operating systems.
  run('npm', ['install', '--include=dev', '--loglevel=error', '--no-audit', '--no-fund']);
  if (!existsSync(nodeBinary())) {
    throw new Error(
      'The npm package "node" brought no runtime: its install script did not run. Install again without --ignore-scripts.',
    );
  }
  writeFileSync(mark, hash(['package.json', 'package-lock.json'].map((name) => contentOf(name))));
}

function build(say) {
  const mark = join(root, 'dist', '.ofitec-built');
  const wanted = hash(SOURCES.flatMap((name) => signaturesOf(join(root, name))));
  if (readIfThere(mark) === wanted) return;
  say('Building');
  const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  run(nodeBinary(), [nest, 'build']);
  mkdirSync(dirname(mark), { recursive: true });
  writeFileSync(mark, wanted);
}

export function nodeBinary() {
  return join(root, 'node_modules', '.bin', 'node');
}

function signaturesOf(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return [];
  if (!stat.isDirectory()) return [`${path} ${stat.size} ${stat.mtimeMs}`];
  return readdirSync(path)
    .sort()
    .flatMap((name) => signaturesOf(join(path, name)));
}

function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (result.error) throw result.error;
  if (result.status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${result.status}`);
}

function hash(parts) {
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}

function contentOf(name) {
  return readIfThere(join(root, name)) ?? '';
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    prepare({ quiet: process.argv.includes('--quiet') });
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
