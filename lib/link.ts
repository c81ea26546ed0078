// What a `grant…` method is given: somebody with a role and an environment. A grant sets the permission and the variable together.
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import type { Env } from '#house/env.ts';

/** The environment's names, as functions/house/env.ts declares them: a wrong one does not compile. */
export type VariableName = keyof Env;

export interface Link extends IGrantable, IConstruct {
  setVariable(name: VariableName, value: string): void;
}
