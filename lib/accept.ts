// Called beside whatever cdk-nag or cfn-lint objects to and we keep: the finding and the reason, in the place where it is true.
import { Validations, type CfnResource, type Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Rule ids without their `AwsSolutions-`, with the reason that a reviewer reads. `IAM5[Resource::…]` accepts that one resource only. */
export const accept = (construct: IConstruct, findings: Readonly<Record<string, string>>): void => {
  for (const [id, reason] of Object.entries(findings)) Validations.of(construct).acknowledge({ id: `AwsSolutions-${id}`, reason });
};

/** Keeps cfn-lint from one finding at one resource; the reason stands where this is called. */
export const quiet = (resource: CfnResource, rule: string): void => resource.addMetadata('cfn-lint', { config: { ignore_checks: [rule] } });

/** W3005: a dependency written out though a reference implies it. The CDK writes them for every role and policy; they do no harm. */
export const quietDependencies = (stack: Stack): void => {
  stack.templateOptions.metadata = { 'cfn-lint': { config: { ignore_checks: ['W3005'] } } };
};
