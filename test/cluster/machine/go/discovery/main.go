// Discovery prints the targets that Prometheus would scrape in a cluster: its own discovery and its
// own relabelling, without the rest of it, for a Prometheus that was built without them.
//
//	discovery -job job.yaml -after 3s
//
// The job is one of a scrape configuration. What is printed is a list for `static_configs`.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/kubernetes"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	"go.yaml.in/yaml/v2"
)

type job struct {
	Name    string                 `yaml:"job_name"`
	Path    string                 `yaml:"metrics_path"`
	Pods    []*kubernetes.SDConfig `yaml:"kubernetes_sd_configs"`
	Relabel []*relabel.Config      `yaml:"relabel_configs"`
}

type target struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

func main() {
	file := flag.String("job", "", "a file with the job")
	after := flag.Duration("after", 3*time.Second, "what was found by then is printed")
	flag.Parse()
	if err := run(*file, *after); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(file string, after time.Duration) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	wanted := job{Path: "/metrics"}
	if err := yaml.UnmarshalStrict(text, &wanted); err != nil {
		return err
	}
	for _, one := range wanted.Relabel {
		one.NameValidationScheme = model.UTF8Validation
	}
	ctx, cancel := context.WithTimeout(context.Background(), after)
	defer cancel()
	found := []target{}
	for _, config := range wanted.Pods {
		groups, err := discover(ctx, config)
		if err != nil {
			return err
		}
		for _, group := range groups {
			found = append(found, targetsOf(wanted, group)...)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}

func discover(ctx context.Context, config *kubernetes.SDConfig) (map[string]*targetgroup.Group, error) {
	registry := prometheus.NewRegistry()
	metrics := config.NewDiscovererMetrics(registry, discovery.NewRefreshMetrics(registry))
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	discoverer, err := kubernetes.New(logger, metrics, config)
	if err != nil {
		return nil, err
	}
	updates := make(chan []*targetgroup.Group)
	go discoverer.Run(ctx, updates)
	groups := map[string]*targetgroup.Group{}
	for {
		select {
		case some := <-updates:
			for _, group := range some {
				groups[group.Source] = group
			}
		case <-ctx.Done():
			return groups, nil
		}
	}
}

func targetsOf(wanted job, group *targetgroup.Group) []target {
	found := []target{}
	for _, own := range group.Targets {
		builder := labels.NewBuilder(labels.EmptyLabels())
		builder.Set(model.JobLabel, wanted.Name)
		builder.Set(model.MetricsPathLabel, wanted.Path)
		for _, set := range []model.LabelSet{group.Labels, own} {
			for name, value := range set {
				builder.Set(string(name), string(value))
			}
		}
		if !relabel.ProcessBuilder(builder, wanted.Relabel...) {
			continue
		}
		kept := builder.Labels()
		one := target{Targets: []string{kept.Get(model.AddressLabel)}, Labels: map[string]string{}}
		kept.Range(func(label labels.Label) {
			isReserved := strings.HasPrefix(label.Name, model.ReservedLabelPrefix)
			if !isReserved || label.Name == model.MetricsPathLabel {
				one.Labels[label.Name] = label.Value
			}
		})
		found = append(found, one)
	}
	return found
}
