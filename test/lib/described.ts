// Called by the blueprints: the stacks of one stage, described as `cdk synth` would, with the flags of cdk.json and a page of one line.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Validations, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { readConfig } from '#lib/config.ts';
import { addStacks, type Stacks } from '#lib/ringback.ts';

const flags = (JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')) as { context: Record<string, unknown> }).context;
export const cdkContext = (): Record<string, unknown> => structuredClone(flags);

const made: string[] = [];
process.on('exit', () => made.forEach((directory) => rmSync(directory, { recursive: true, force: true })));
const scratch = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'ringback-blueprint-'));
  made.push(directory);
  return directory;
};

export interface Described {
  stacks: Stacks;
  /** Where the assembly was written. */
  out: string;
  template: (stack: Stack) => Template;
  /** Every template, by the stack's name. */
  templates: () => Record<string, Record<string, unknown>>;
}

/** `checked`: with cdk-nag, whose findings are then in validation-report.json. */
export const describeStacks = (context: Record<string, unknown> = {}, { checked = false } = {}): Described => {
  const out = scratch();
  const pages = scratch();
  writeFileSync(join(pages, 'index.html'), '<!doctype html><title>Ringback</title>');
  const all = { ...flags, ...context };
  const app = new App({ outdir: out, context: all, analyticsReporting: false, stackTraces: false, treeMetadata: false });
  const stacks = addStacks(app, readConfig(all), pages);
  if (checked) Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const assembly = app.synth();
  return {
    stacks, out, template: (stack) => Template.fromStack(stack),
    templates: () => Object.fromEntries(assembly.stacks.map((stack) => [stack.stackName, stack.template as Record<string, unknown>])),
  };
};

export interface Statement { Action: string | string[]; Resource: unknown; Effect: string; Condition?: unknown }
export interface Resource { Type: string; Properties: Record<string, unknown>; DeletionPolicy?: string; UpdateReplacePolicy?: string; DependsOn?: string[]; Metadata?: Record<string, unknown> }

export const resourcesOf = (template: Record<string, unknown>): Record<string, Resource> => template['Resources'] as Record<string, Resource>;

export const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

/** What the role of a function or task may do, by the beginning of its policy's logical id. */
export const statementsOf = (template: Record<string, unknown>, policy: string): Statement[] =>
  Object.entries(resourcesOf(template)).filter(([id, { Type }]) => Type === 'AWS::IAM::Policy' && id.startsWith(policy))
    .flatMap(([, { Properties }]) => (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement);

export const actionsOf = (statements: Statement[]): string[] => [...new Set(statements.flatMap(({ Action }) => list(Action)))].sort();
