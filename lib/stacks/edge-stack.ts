// Only with `-c waf=true`: CloudFront takes web ACLs from us-east-1 and from nowhere else.
/* oxlint-disable no-new -- a construct joins the tree by being made */
import { Fn, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { WebAcl } from '../web-acl.ts';

const REGION = 'us-east-1';
const OUTPUT = 'WebAclArn';

export class EdgeStack extends Stack {
  constructor(scope: Construct, id: string, { stage, ...props }: StackProps & { stage: string }) {
    super(scope, id, { ...props, env: { region: REGION } });
    new WebAcl(this, 'WebAcl', { stage, output: OUTPUT });
  }

  /** The web ACL's ARN, for a stack of another region. */
  webAclArn(): string {
    return Fn.getStackOutput(this.stackName, OUTPUT, REGION);
  }
}
