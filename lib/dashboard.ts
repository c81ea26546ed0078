// One page to look at: is anybody being called, does it hurt anybody, what does it cost.
import { Duration } from 'aws-cdk-lib';
import { AlarmStatusWidget, Dashboard as CloudWatchDashboard, GraphWidget, PeriodOverride, type Alarm, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';

export interface DashboardProps {
  stage: string;
  alarms: Alarm[];
  graphs: { title: string; left: IMetric[]; right?: IMetric[] }[];
}

export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, { stage, alarms, graphs }: DashboardProps) {
    super(scope, id);
    const page = new CloudWatchDashboard(this, 'Page', { dashboardName: `ringback-${stage}`, periodOverride: PeriodOverride.AUTO, defaultInterval: Duration.hours(6) });
    page.addWidgets(new AlarmStatusWidget({ title: 'Alarms', alarms, width: 24, height: 4 }));
    page.addWidgets(...graphs.map(({ title, left, right }) => new GraphWidget({ title, left, ...(right ? { right } : {}), width: 8, height: 6 })));
  }
}
