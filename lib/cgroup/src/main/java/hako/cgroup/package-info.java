@org.jspecify.annotations.NullMarked
package hako.cgroup;
