// Packs what npm is given: the package, and a package for each platform with its binary.
//
//   node scripts/pack.mjs FOLDER [PLATFORM=BINARY ...]
//
// FOLDER gets the tarballs. The version is that of the workspace's Cargo.toml; the package must agree. The package names
// the packages of all platforms as optional dependencies: npm installs the one that fits.

import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const { platforms } = createRequire(import.meta.url)('../dist/platforms.js');
const [folder, ...binaries] = process.argv.slice(2);
if (!folder) throw new Error('usage: node scripts/pack.mjs FOLDER [PLATFORM=BINARY ...]');
const out = resolve(folder);

const cargo = readFileSync(join(here, '../Cargo.toml'), 'utf8');
const version = /\[workspace\.package\][^[]*?\nversion = "([^"]+)"/.exec(cargo)?.[1];
const main = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
if (main.version !== version) throw new Error(`package.json says ${main.version}, Cargo.toml ${version}`);

function pack(name, manifest, fill) {
  const stage = join(out, 'stage', name);
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  fill(stage);
  for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) copyFileSync(join(here, '..', licence), join(stage, licence));
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const text = execFileSync('npm', ['pack', '--json', '--pack-destination', out], {
    cwd: stage,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const packed = JSON.parse(text);
  console.log(join(out, (Array.isArray(packed) ? packed : Object.values(packed))[0].filename));
}

const packageOf = (platform) => `@bacpac/${platform.name}`;
const { devDependencies: _, scripts: __, ...published } = main;
pack(
  'bacpac',
  { ...published, optionalDependencies: Object.fromEntries(platforms.map((p) => [packageOf(p), version])) },
  (stage) => {
    cpSync(join(here, 'dist'), join(stage, 'dist'), { recursive: true });
    copyFileSync(join(here, 'README.md'), join(stage, 'README.md'));
  },
);

for (const binary of binaries) {
  const [name, file] = binary.split(/=(.*)/s);
  const platform = platforms.find((p) => p.name === name);
  if (!platform || !file) throw new Error(`${binary} is not PLATFORM=BINARY of ${platforms.map((p) => p.name)}`);
  const { os, cpu, libc } = platform;
  const manifest = {
    name: packageOf(platform),
    version,
    description: `The binary of bacpac for ${name}.`,
    license: main.license,
    engines: main.engines,
    main: 'bacpac.node',
    files: ['bacpac.node', 'LICENSE-MIT', 'LICENSE-APACHE'],
    os: [os],
    cpu: [cpu],
    ...(libc ? { libc: [libc] } : {}),
  };
  pack(name, manifest, (stage) => copyFileSync(file, join(stage, 'bacpac.node')));
}
