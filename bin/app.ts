// Called by the `cdk` command (cdk.json): reads what was chosen, builds the pages, describes all stacks of one stage and has them checked.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { policyOf } from '#compose/policy.ts';
import { ConfigError, readConfig } from '#lib/config.ts';
import { addStacks } from '#lib/ringback.ts';
import { buildSite } from '../web/build.ts';

const app = new App();
try {
  const config = readConfig(app.node.getAllContext());
  const pages = mkdtempSync(join(tmpdir(), 'ringback-site-'));
  process.on('exit', () => rmSync(pages, { recursive: true, force: true }));
  const turnstileSiteKey = config.settings.TURNSTILE_SITE_KEY;
  await buildSite(pages, {
    ...(config.businessName ? { businessName: config.businessName } : {}), ...(config.callingHours ? { callingHours: config.callingHours } : {}), ...(turnstileSiteKey ? { turnstileSiteKey } : {}),
  });
  // A policy that cannot be read is found here, and not by the first visitor.
  policyOf({ POLICY_FILE: config.policyFile });
  addStacks(app, config, pages);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(2);
}
