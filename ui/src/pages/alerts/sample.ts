/** A group of rules to begin with: what most want to know of their routes first. */
export const sampleRules = `groups:
  - name: routes
    interval: 30s
    rules:
      - record: route:errors:ratio5m
        expr: |
          sum by (api, version, route) (rate(hypercare_gateway_requests_total{class="5xx"}[5m]))
            / sum by (api, version, route) (rate(hypercare_gateway_requests_total[5m]))
      - alert: ManyErrors
        expr: route:errors:ratio5m > 0.05
        for: 2m
        labels:
          severity: sev2
        annotations:
          summary: '{{ $labels.api }} {{ $labels.route }} fails {{ $value | humanizePercentage }} of its calls'
      - alert: Slow
        expr: |
          histogram_quantile(0.95, sum by (api, version, route) (rate(hypercare_gateway_request_duration_seconds[5m]))) > 1
        for: 5m
        keep_firing_for: 5m
        labels:
          severity: sev3
        annotations:
          summary: 'The slowest 5 % of {{ $labels.api }} {{ $labels.route }} take longer than {{ $value | humanizeDuration }}'
`;
