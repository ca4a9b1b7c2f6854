{{- define "webshop.labels" -}}
app.kubernetes.io/part-of: webshop
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "webshop.security" -}}
runAsNonRoot: {{ .Values.security.runAsNonRoot }}
readOnlyRootFilesystem: {{ .Values.security.readOnlyRootFilesystem }}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}
