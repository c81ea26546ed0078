// Called by bin/app.ts and the blueprints: all stacks of one stage, in the order in which they need each other.
import type { App } from 'aws-cdk-lib';
import { quietDependencies } from './accept.ts';
import type { Config } from './config.ts';
import { DataStack } from './stacks/data-stack.ts';
import { EdgeStack } from './stacks/edge-stack.ts';
import { MediaStack } from './stacks/media-stack.ts';
import { OperationsStack } from './stacks/operations-stack.ts';
import { SiteStack } from './stacks/site-stack.ts';
import { TelephonyStack } from './stacks/telephony-stack.ts';
import { WorkersStack } from './stacks/workers-stack.ts';

export interface Stacks {
  data: DataStack;
  media: MediaStack;
  edge: EdgeStack | undefined;
  site: SiteStack;
  telephony: TelephonyStack;
  workers: WorkersStack;
  operations: OperationsStack;
}

/** `pages`: the directory that web/build.ts filled. */
export const addStacks = (app: App, config: Config, pages: string): Stacks => {
  const { stage } = config;
  const tags = { application: 'ringback', stage };
  const props = (name: string, description: string) => ({ stackName: `ringback-${stage}-${name}`, description: `Ringback ${stage}: ${description}`, tags });

  const data = new DataStack(app, `ringback-${stage}-data`, { ...props('data', 'what must outlive every deploy'), config });
  const media = new MediaStack(app, `ringback-${stage}-media`, { ...props('media', 'live audio'), config, data });
  const edge = config.waf ? new EdgeStack(app, `ringback-${stage}-edge`, { ...props('edge', 'web ACL of the site'), stage }) : undefined;
  const site = new SiteStack(app, `ringback-${stage}-site`, { ...props('site', 'enquiry page and console'), config, data, pages, ...(edge ? { edge } : {}) });
  if (edge) site.addStackDependency(edge);
  const telephony = new TelephonyStack(app, `ringback-${stage}-telephony`, { ...props('telephony', 'enquiries, answer documents, callbacks'), config, data, media, site });
  const workers = new WorkersStack(app, `ringback-${stage}-workers`, { ...props('workers', 'dialer and reconciler'), config, data, media });
  const operations = new OperationsStack(app, `ringback-${stage}-operations`, { ...props('operations', 'alarms and dashboard'), config, data, media, telephony, workers });
  for (const stack of [data, media, site, telephony, workers, operations]) quietDependencies(stack);
  return { data, media, edge, site, telephony, workers, operations };
};
